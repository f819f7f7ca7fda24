import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";

/** Which beads: the options that `list`, `search`, `blocked` and `ready` share. */
export function filterOptions(command: Command, limit: string): Command {
  return command
    .option("-t, --type <type>", "of these types, separated by commas")
    .option("-p, --priority <priority>", "0 to 4 or P0 to P4, several with commas")
    .option("-a, --assignee <who>", "worked on by")
    .option("-u, --unassigned", "worked on by nobody")
    .option("--no-assignee", "the same")
    .option("-l, --label <label>", "with this label, repeatable: with all of them", collect)
    .option("--label-any <label>", "with one of these, repeatable", collect)
    .option("--label-pattern <glob>", "with a label like area-*")
    .option("--no-labels", "without labels")
    .option("--parent <id>", "everything below a bead")
    .option("--priority-min <n>", "of this priority or less urgent")
    .option("--priority-max <n>", "of this priority or more urgent")
    .option("-n, --limit <n>", `at most so many, 0: all (default ${limit})`, whole)
    .option("--metadata-field <key=value>", "with this in its metadata, repeatable", collect)
    .option("--has-metadata-key <key>", "with this key in its metadata");
}

export interface FilterFlags {
  readonly type?: string;
  readonly priority?: string;
  readonly assignee?: string | boolean;
  readonly unassigned?: boolean;
  readonly label?: readonly string[];
  readonly labelAny?: readonly string[];
  readonly parent?: string;
  readonly limit?: number;
  readonly metadataField?: readonly string[];
  readonly hasMetadataKey?: string;
  readonly labelPattern?: string;
  readonly labels?: boolean;
  readonly priorityMin?: string;
  readonly priorityMax?: string;
}

export function filterOf(flags: FilterFlags): Record<string, unknown> {
  const { type, priority, assignee, label, labelAny, parent, limit, metadataField } = flags;
  return defined({
    ...{ type, priority, parent, limit, labelPattern: flags.labelPattern, metadataKey: flags.hasMetadataKey },
    ...{
      priorityMin: flags.priorityMin,
      priorityMax: flags.priorityMax,
      noLabels: flags.labels === false || undefined,
    },
    assignee: typeof assignee === "string" ? assignee : undefined,
    unassigned: flags.unassigned || assignee === false || undefined,
    labels: label?.flatMap((one) => one.split(",")),
    anyLabel: labelAny?.flatMap((one) => one.split(",")),
    metadata: metadataField && Object.fromEntries(metadataField.map(pair)),
  });
}

export function defined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** @throws USAGE */
export function whole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new BarnacleError("USAGE", `"${text}" is no number; expected 0 or more`);
}

/** `key=value` @throws USAGE */
export function pair(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new BarnacleError("USAGE", `"${text}": expected key=value`);
}
