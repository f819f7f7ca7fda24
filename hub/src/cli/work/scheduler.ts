import type { Command } from "commander";
import type { QueuedBead, SchedulerStatus } from "../../scheduler/operations.ts";
import type { Queued } from "../../scheduler/scheduler.ts";
import type { Style } from "../output.ts";
import type { Family, Session } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";

const COLUMNS: readonly TableColumn<QueuedBead>[] = [
  { title: "id", value: ({ id }) => id },
  { title: "p", value: ({ priority }) => `P${priority}` },
  { title: "for", value: ({ target }) => target },
  {
    title: "state",
    value: stateOf,
    paint: (text, { broken }, style) => (broken ? style.red(text) : text),
  },
  { title: "since", value: ({ queued_at }) => queued_at },
  { title: "title", value: ({ title }) => title },
];

function stateOf({ broken, blocked, failures, not_before }: QueuedBead): string {
  if (broken) return `needs you, ${failures} failures`;
  if (blocked) return "blocked";
  if (not_before !== undefined) return `not before ${not_before}`;
  return "waits";
}

/** `barnacle scheduler`: what waits to be given to workers. */
export const schedulerFamily: Family = (program, open) => {
  const parent = program.command("scheduler").description("waiting work: given to workers as there is room");
  const add = (usage: string, description: string, line: string, run: Run) => {
    const command = named(parent, usage, description, line).option("--as <who>", "in this name");
    command.action(async (...given: unknown[]) => {
      const flags = given.at(-2) as Flags;
      await run(open(given.at(-1) as Command), flags, given.slice(0, -2) as (string | undefined)[]);
    });
    return command;
  };
  add("status", "how much waits, how many work, whether it is paused", "barnacle scheduler status", async (session) => {
    const status = await new WorkDoor(session).read<SchedulerStatus>("scheduler.status");
    session.out.print(status, (style) => statusText(status, style));
  });
  add("list", "the beads that wait, in the order in which they came", "barnacle scheduler list", async (session) => {
    session.out.list(await new WorkDoor(session).read<QueuedBead[]>("scheduler.list"), COLUMNS, "nothing waits");
  });
  add(
    "add <bead> <rig>",
    "lets a bead wait for a worker of a rig; it stays as it is until one has it",
    "barnacle scheduler add gt-1a2 barn --priority 1",
    async (session, { as, priority, to }, [bead, rig]) => {
      const params = { bead, rig, ...defined({ to, priority: priority === undefined ? undefined : Number(priority) }) };
      const queued = await new WorkDoor(session).write<Queued>("scheduler.enqueue", params, as);
      session.out.print(queued, () => `${queued.bead} waits for a worker of ${queued.rig}`);
    },
  )
    .option("-p, --priority <0-4>", "in the queue; default the bead's own")
    .option("--to <agent>", "one agent of the rig");
  for (const [name, description] of [
    ["pause", "nothing is given out until resume"],
    ["resume", "goes on giving out"],
  ] as const) {
    add(name, description, `barnacle scheduler ${name}`, async (session, { as }) => {
      const status = await new WorkDoor(session).write<SchedulerStatus>(`scheduler.${name}`, {}, as);
      session.out.print(status, (style) => statusText(status, style));
    });
  }
  add("run", "gives out now what there is room for", "barnacle scheduler run", async (session, { as }) => {
    const answer = await new WorkDoor(session).write<{ dispatched: number }>("scheduler.run", {}, as);
    session.out.print(answer, () => `given out: ${answer.dispatched}`);
  });
  add(
    "clear [bead]",
    "takes one bead, or all, out of the queue",
    "barnacle scheduler clear gt-1a2",
    async (s, f, [bead]) => {
      const answer = await new WorkDoor(s).write<{ cleared: string[] }>("scheduler.clear", defined({ bead }), f.as);
      s.out.print(answer, () => (answer.cleared.length === 0 ? "nothing waited" : `out: ${answer.cleared.join(", ")}`));
    },
  );
};

interface Flags {
  readonly as?: string;
  readonly priority?: string;
  readonly to?: string;
}

type Run = (session: Session, flags: Flags, given: readonly (string | undefined)[]) => Promise<void>;

function statusText(status: SchedulerStatus, style: Style): string {
  const { paused, paused_by, queued_total, queued_ready, queued_broken, active_polecats, last_dispatch_at } = status;
  return [
    paused ? style.yellow(`paused by ${paused_by}`) : style.green("gives out work"),
    `waiting ${queued_total}, of them ready ${queued_ready}${queued_broken > 0 ? style.red(`, need you ${queued_broken}`) : ""}`,
    `workers with work ${active_polecats}`,
    `last given out ${last_dispatch_at ?? "never"}`,
  ].join("\n");
}
