import { parseLength } from "@barnacle/protocol/beads/instant";
import { missingHeadings } from "@barnacle/protocol/beads/vocabulary";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import { example, type Session } from "../session.ts";
import { WorkDoor } from "./door.ts";
import { collect, defined, whole } from "./filter-options.ts";
import { edgesOf, fileText, jsonValue } from "./values.ts";
import { lineFor, type Shown } from "./views.ts";

/** What is said of a bead: options of `create` and `update`. */
export interface FieldFlags {
  readonly description?: string;
  readonly bodyFile?: string;
  readonly stdin?: boolean;
  readonly design?: string;
  readonly acceptance?: string;
  readonly notes?: string;
  readonly type?: string;
  readonly priority?: string;
  readonly assignee?: string;
  readonly due?: string;
  readonly defer?: string;
  readonly estimate?: number;
  readonly externalRef?: string;
  readonly specId?: string;
  readonly metadata?: string;
  readonly maxAttempts?: number;
  readonly await?: string;
  readonly timeout?: string;
}

interface CreateFlags extends FieldFlags {
  readonly label?: readonly string[];
  readonly labels?: string;
  readonly parent?: string;
  readonly deps?: readonly string[];
  readonly waitsFor?: string;
  readonly id?: string;
  readonly prefix?: string;
  readonly ephemeral?: boolean;
  readonly pinned?: boolean;
  readonly actor?: string;
  readonly silent?: boolean;
  readonly dryRun?: boolean;
  readonly key?: string;
  readonly validate?: boolean;
  readonly file?: string;
  readonly graph?: string;
}

const NANOS_PER_MS = 1_000_000;

export function fieldOptions(command: Command): Command {
  return command
    .option("-d, --description <text>", "what it is about")
    .option("--body-file <file>", "the description from a file, - for what is piped in")
    .option("--stdin", "the description is piped in")
    .option("--design <text>", "how it is to be done")
    .option("--acceptance <text>", "when it is done")
    .option("--notes <text>", "notes")
    .option("-t, --type <type>", "task, bug, feature, epic, chore, decision, …")
    .option("-p, --priority <n>", "0 (most urgent) to 4, or P0 to P4")
    .option("-a, --assignee <who>", "who is to do it")
    .option("--due <time>", "by when: 2026-12-24, +2d, tomorrow, next monday")
    .option("--defer <time>", "not before")
    .option("-e, --estimate <minutes>", "how long it takes", whole)
    .option("--external-ref <ref>", "its name elsewhere: gh-12")
    .option("--spec-id <id>", "the specification it belongs to")
    .option("--metadata <json>", "anything else, as JSON")
    .option("--max-attempts <n>", "claims that may come to nothing before it is set aside (default 3)", whole)
    .option("--await <type:id>", "of a gate: human, timer, bead:<id>, device:somebody-home, gh:pr:12")
    .option("--timeout <length>", "of a timer gate: 30m, 2h, 1d");
}

/** The fields that were given; an empty text empties one. */
export function fieldsOf(flags: FieldFlags): Record<string, unknown> {
  const { bodyFile, stdin, metadata, timeout } = flags;
  const file = stdin ? "-" : bodyFile;
  const length = timeout === undefined ? undefined : parseLength(timeout);
  if (timeout !== undefined && length === undefined) {
    throw new BarnacleError("USAGE", `--timeout: "${timeout}" is no length of time; expected 30m, 2h, 1d`);
  }
  return defined({
    description: file === undefined ? flags.description : fileText(file),
    ...{ design: flags.design, acceptance_criteria: flags.acceptance, notes: flags.notes, issue_type: flags.type },
    ...{ priority: flags.priority, assignee: flags.assignee, due_at: flags.due, defer_until: flags.defer },
    ...{ estimated_minutes: flags.estimate, external_ref: flags.externalRef, spec_id: flags.specId },
    ...{ max_attempts: flags.maxAttempts, timeout: length === undefined ? undefined : length * NANOS_PER_MS },
    metadata: metadata === undefined ? undefined : jsonValue("--metadata", metadata),
    ...awaited(flags.await),
  });
}

function awaited(text: string | undefined): Record<string, unknown> {
  const match = text === undefined ? undefined : /^(gh:\w+|\w+)(?::(.+))?$/.exec(text);
  if (text !== undefined && !match) throw new BarnacleError("USAGE", `--await: "${text}": expected type or type:id`);
  return match ? { await_type: match[1], await_id: match[2] } : {};
}

export function addCreate(parent: Command, open: (command: Command) => Session): void {
  const create = fieldOptions(parent.command("create [title]").alias("new").description("a new bead"))
    .option("-l, --label <label>", "a label, repeatable or separated by commas", collect)
    .option("--labels <labels>", "the same, separated by commas")
    .option("--parent <id>", "below this bead; the id becomes <parent>.<n>")
    .option("--deps <kind:id>", "depends on; several with commas or repeated; blocks without a kind", collect)
    .option("--waits-for <id>", "waits for the children of this bead")
    .option("--id <id>", "this id instead of a made one")
    .option("--prefix <prefix>", "of the id (default hq)")
    .option("--ephemeral", "not kept for long, not offered as work")
    .option("--pinned", "stays at hand, is not work")
    .option("--actor <who>", "in this name")
    .option("--key <key>", "repeating the command with the same key makes no second bead")
    .option("--silent", "print the id only")
    .option("--validate", "refuse a description without the headings of its type")
    .option(
      "-f, --file <file>",
      "many at once from a text: `## Title`, description, `### Priority` …; - for what is piped in",
    )
    .option("--graph <file>", "many at once from a plan as JSON: [{as, title, needs, parent, …}]")
    .option("--dry-run", "show what would be made");
  example(
    create,
    'barnacle bead create "Fix the gate" -p 1 -l garden --due tomorrow',
    'barnacle bead create "Paint it" --deps hq-1a2 --silent',
    'barnacle bead create "Somebody is home" -t gate --await device:somebody-home',
  ).action(async (title: string | undefined, flags: CreateFlags, command: Command) => {
    const session = open(command);
    const { out } = session;
    if (flags.file !== undefined || flags.graph !== undefined) {
      await createMany(session, flags);
      return;
    }
    if (title === undefined) throw new BarnacleError("USAGE", "expected a title, --file or --graph");
    const labels = [...(flags.label ?? []), flags.labels ?? ""]
      .flatMap((one) => one.split(","))
      .filter((one) => one !== "");
    const dependencies = [
      ...(flags.deps ?? []).flatMap(edgesOf),
      ...(flags.waitsFor === undefined ? [] : [{ on: flags.waitsFor, kind: "waits-for" }]),
    ];
    const { parent, id, prefix, key } = flags;
    const wanted = {
      title,
      ...fieldsOf(flags),
      ...defined({ parent, id, prefix, key, ephemeral: flags.ephemeral, pinned: flags.pinned }),
      ...(labels.length > 0 ? { labels } : {}),
      ...(dependencies.length > 0 ? { dependencies } : {}),
    };
    if (flags.validate) refuseUnsaid(wanted);
    if (flags.dryRun) {
      out.print(wanted, () => `would make: ${JSON.stringify(wanted)}`);
      return;
    }
    const made = await new WorkDoor(session).write<Shown>("create", wanted, flags.actor);
    if (flags.silent && !out.json) out.line(made.id);
    else out.print(made, () => lineFor(made));
  });
}

async function createMany(session: Session, flags: CreateFlags): Promise<void> {
  const { beadsOfMarkdown, beadsOfPlan } = await import("./bead-plan.ts");
  const { out } = session;
  const beads =
    flags.graph === undefined
      ? beadsOfMarkdown(fileText(flags.file ?? "-"))
      : beadsOfPlan(jsonValue("--graph", fileText(flags.graph)));
  if (flags.validate) for (const bead of beads) refuseUnsaid(bead);
  if (flags.dryRun) {
    out.print(beads, () => beads.map((bead) => `would make: ${JSON.stringify(bead)}`).join("\n"));
    return;
  }
  const made = await new WorkDoor(session).write<Shown[]>("createMany", { beads }, flags.actor);
  if (flags.silent && !out.json) for (const { id } of made) out.line(id);
  else out.print(made, () => made.map(lineFor).join("\n"));
}

/** @throws INPUT_INVALID naming the headings */
function refuseUnsaid(bead: Record<string, unknown>): void {
  const missing = missingHeadings(bead);
  if (missing.length === 0) return;
  throw new BarnacleError(
    "INPUT_INVALID",
    `description: a ${bead.issue_type ?? "task"} should say ${missing.join(", ")}`,
  );
}
