import { parseLength } from "@barnacle/protocol/beads/instant";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { Escalation } from "../../escalations/row.ts";
import type { Style } from "../output.ts";
import { example, type Family } from "../session.ts";
import { oneLine, renderFields, type TableColumn } from "../table.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { fileText } from "./values.ts";

interface RaiseFlags {
  readonly severity?: string;
  readonly reason?: string;
  readonly stdin?: boolean;
  readonly source?: string;
  readonly related?: string;
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly actor?: string;
}

type Shown = Escalation & { readonly comments?: readonly { readonly created_at?: string; readonly text: string }[] };

const COLUMNS: readonly TableColumn<Escalation>[] = [
  { title: "id", value: ({ id }) => id },
  {
    title: "severity",
    value: ({ severity }) => severity,
    paint: (text, { severity }, style) => (severity === "critical" || severity === "high" ? style.red(text) : text),
  },
  { title: "state", value: ({ state, acked_by }) => (acked_by && state === "acked" ? `acked by ${acked_by}` : state) },
  { title: "times", value: ({ occurrences }) => occurrences },
  { title: "raised", value: ({ escalated_at }) => escalated_at.slice(0, 19) },
  { title: "by", value: ({ escalated_by }) => escalated_by },
  { title: "subject", value: ({ subject }) => subject },
];

/** `barnacle escalate`: a call for help, and what becomes of it. */
export const escalateFamily: Family = (program, open) => {
  const escalate = program
    .command("escalate")
    .description("a call for help, told along the routes of its severity until somebody acknowledges it")
    .argument("[subject...]", "what is wrong")
    .option("-s, --severity <severity>", "critical, high, medium (default), low")
    .option("-r, --reason <text>", "why, and what was tried")
    .option("--stdin", "the reason is piped in")
    .option("--source <source>", "what it comes from: ci, witness")
    .option("--related <id>", "the bead it is about")
    .option("--key <key>", "one per cause: raised again with the same key it is the same one")
    .option("-n, --dry-run", "only show what would be raised")
    .option("--actor <who>", "in this name");
  example(
    escalate,
    'barnacle escalate "The tests do not build" -s high --related hq-1a2',
    "barnacle escalate list",
    "barnacle escalate ack hq-3b4",
  ).action(async (words: string[], flags: RaiseFlags, command: Command) => {
    const session = open(command);
    const subject = words.join(" ");
    if (subject.trim() === "") throw new BarnacleError("USAGE", "expected what is wrong");
    const params = {
      ...{ subject, severity: flags.severity ?? "medium" },
      ...defined({ reason: flags.stdin ? fileText("-") : flags.reason, source: flags.source, bead: flags.related }),
      ...defined({ key: flags.key }),
    };
    if (flags.dryRun) {
      session.out.print(params, () => `would raise (${params.severity}): ${subject}`);
      return;
    }
    const raised = await new WorkDoor(session).write<Escalation>("escalations.raise", params, flags.actor);
    session.out.print(raised, () => lineFor(raised));
  });

  example(
    escalate
      .command("list")
      .description("those that are not closed, newest first")
      .option("--all", "closed ones too")
      .option("--state <state>", "open, acked, closed")
      .option("-s, --severity <severity>", "of this severity"),
    "barnacle escalate list --severity critical",
  ).action(async (flags: { all?: boolean; state?: string; severity?: string }, command: Command) => {
    const session = open(command);
    // The option of the command above has the same name, and takes the value first.
    const severity = flags.severity ?? (command.parent?.opts() as RaiseFlags | undefined)?.severity;
    const params = defined({ all: flags.all, state: flags.state, severity });
    const found = await new WorkDoor(session).read<Escalation[]>("escalations.list", params);
    session.out.list(found, COLUMNS, "nothing is escalated");
  });
  example(escalate.command("show <id>").description("one of them"), "barnacle escalate show hq-3b4").action(
    async (id: string, _flags: object, command: Command) => {
      const session = open(command);
      const one = await new WorkDoor(session).read<Shown>("escalations.show", { id });
      session.out.print(one, (style) => textOf(one, style));
    },
  );
  example(
    escalate
      .command("stale")
      .description("those that nobody acknowledged for long")
      .option("--for <length>", "at least so long (default 4h)"),
    "barnacle escalate stale --for 1h",
  ).action(async (flags: { for?: string }, command: Command) => {
    const session = open(command);
    const staleMs = flags.for === undefined ? undefined : parseLength(flags.for);
    if (flags.for !== undefined && staleMs === undefined) {
      throw new BarnacleError("USAGE", `--for: "${flags.for}" is no length of time; expected 30m, 2h, 1d`);
    }
    const found = await new WorkDoor(session).read<Escalation[]>("escalations.stale", defined({ staleMs }));
    session.out.list(found, COLUMNS, "nothing is stale");
  });
  for (const [verb, description] of [
    ["ack", "you take care of it: it is not told again"],
    ["close", "it is over"],
  ] as const) {
    const command = escalate.command(`${verb} <id>`).description(description).option("--actor <who>", "in this name");
    if (verb === "close") command.option("-r, --reason <text>", "how it ended");
    example(command, `barnacle escalate ${verb} hq-3b4`).action(
      async (id: string, flags: { actor?: string; reason?: string }, command: Command) => {
        const session = open(command);
        const above = (command.parent?.opts() ?? {}) as RaiseFlags;
        const reason = verb === "close" ? (flags.reason ?? above.reason) : undefined;
        const params = { id, ...defined({ reason }) };
        const one = await new WorkDoor(session).write<Escalation>(
          `escalations.${verb}`,
          params,
          flags.actor ?? above.actor,
        );
        session.out.print(one, () => lineFor(one));
      },
    );
  }
};

function lineFor({ id, severity, state, subject, occurrences }: Escalation): string {
  return `${id}  ${severity} ${state}${occurrences > 1 ? ` (${occurrences} times)` : ""}  ${oneLine(subject)}`;
}

function textOf(one: Shown, style: Style): string {
  const fields = renderFields(
    [
      ["id", one.id],
      [
        "severity",
        one.severity === one.original_severity ? one.severity : `${one.severity}, was ${one.original_severity}`,
      ],
      ["state", one.state],
      ["raised", `${one.escalated_at} by ${one.escalated_by}`],
      ["source", one.source],
      ["bead", one.related_bead],
      ["cause", one.key],
      ["times", one.occurrences > 1 ? one.occurrences : undefined],
      [
        "raised again",
        one.reescalation_count > 0 ? `${one.reescalation_count}, ${one.last_reescalated_at}` : undefined,
      ],
      ["told again", one.due_at],
      ["acknowledged", [one.acked_by, one.acked_at].filter(Boolean).join(" ")],
      ["closed", [one.closed_by, one.closed_at, one.closed_reason].filter(Boolean).join(" ")],
    ],
    style,
  );
  const comments = (one.comments ?? []).map(({ created_at, text }) => `${created_at ?? ""} ${oneLine(text)}`);
  return [style.bold(oneLine(one.subject)), fields, ...(one.reason ? [one.reason.trimEnd()] : []), ...comments].join(
    "\n\n",
  );
}
