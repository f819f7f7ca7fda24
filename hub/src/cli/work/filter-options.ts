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
    .option("--parent <id>", "everything below a bead")
    .option("-n, --limit <n>", `at most so many, 0: all (default ${limit})`, whole)
    .option("--metadata-field <key=value>", "with this in its metadata, repeatable", collect);
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
}

export function filterOf(flags: FilterFlags): Record<string, unknown> {
  const { type, priority, assignee, label, labelAny, parent, limit, metadataField } = flags;
  return defined({
    ...{ type, priority, parent, limit },
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
