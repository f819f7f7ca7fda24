import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import { example, type Session } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { fieldsOf } from "./bead-create.ts";
import { WorkDoor } from "./door.ts";
import { collect, defined } from "./filter-options.ts";
import { beadText, LISTED, lineFor, type Shown } from "./views.ts";

interface Gate {
  readonly id: string;
  readonly await_type: string;
  readonly await_id?: string;
  readonly state: string;
}

interface CreateFlags {
  readonly type?: string;
  readonly awaitId?: string;
  readonly timeout?: string;
  readonly blocks?: readonly string[];
  readonly waiter?: readonly string[];
}

const GATES: readonly TableColumn<Gate>[] = [
  { title: "id", value: ({ id }) => id },
  { title: "waits for", value: ({ await_type, await_id }) => [await_type, await_id].filter(Boolean).join(" ") },
  { title: "state", value: ({ state }) => state },
];

/** Conditions outside that hold beads back. */
export function addGate(parent: Command, open: (command: Command) => Session): void {
  const gate = parent.command("gate").description("conditions outside that hold beads back");
  example(
    gate
      .command("create [title]")
      .description("a gate, and what waits for it")
      .option("-t, --type <type>", "human (default), timer, bead, device, gh:run, gh:pr, mail")
      .option("--await-id <id>", "the bead, the condition of the home, the run")
      .option("--timeout <length>", "of a timer: 30m, 2h, 1d")
      .option("--blocks <id>", "this bead waits for it, repeatable", collect)
      .option("--waiter <who>", "who wants to know, repeatable", collect),
    "barnacle bead gate create --type timer --timeout 2h --blocks hq-1a2",
    "barnacle bead gate create --type device --await-id somebody-home --blocks hq-1a2",
  ).action(async (title: string | undefined, flags: CreateFlags, command: Command) => {
    const session = open(command);
    const { type = "human", awaitId, timeout, blocks, waiter } = flags;
    const params = {
      ...{
        title: title ?? `Gate: ${[type, awaitId, timeout].filter(Boolean).join(" ")}`,
        issue_type: "gate",
        await_type: type,
      },
      ...fieldsOf(defined({ timeout })),
      ...defined({ await_id: awaitId, blocks, waiters: waiter }),
    };
    const made = await new WorkDoor(session).write<Shown>("create", params);
    session.out.print(made, () => lineFor(made));
  });
  named(gate, "list", "open gates; --all: all of them", "barnacle bead gate list")
    .option("--all", "also those that are open no longer")
    .action(async (flags: { all?: boolean }, command: Command) => {
      const session = open(command);
      const filter = defined({ type: "gate", limit: 0, all: flags.all });
      session.out.list(await new WorkDoor(session).read<Shown[]>("list", filter), LISTED, "no gates");
    });
  named(gate, "show <id>", "everything about a gate", "barnacle bead gate show hq-1a2").action(
    async (id: string, _flags: object, command: Command) => {
      const session = open(command);
      const [bead] = await new WorkDoor(session).read<Shown[]>("show", { ids: [id] });
      if (bead?.issue_type !== "gate") throw new BarnacleError("BEAD_REFUSED", `${id} is no gate`);
      session.out.print(bead, (style) => beadText(bead, style));
    },
  );
  for (const [above, name, line] of [
    [gate, "check", "barnacle bead gate check --dry-run"],
    [parent, "gates", "barnacle bead gates --dry-run"],
  ] as const) {
    named(above, name, "judges open gates now; a running hub does so by itself when their time comes", line)
      .option("--dry-run", "only show")
      .action(async (flags: { dryRun?: boolean }, command: Command) => {
        const session = open(command);
        const gates = await new WorkDoor(session).write<Gate[]>("gates", { dryRun: flags.dryRun === true });
        session.out.list(gates, GATES, "no open gates");
      });
  }
  named(gate, "resolve <id...>", "opens gates by hand", 'barnacle bead gate resolve hq-1a2 -r "approved"')
    .option("-r, --reason <text>", "why")
    .action(async (ids: string[], flags: { reason?: string }, command: Command) => {
      const session = open(command);
      const params = { ids, reason: flags.reason ?? "Resolved by hand", force: true };
      const { closed } = await new WorkDoor(session).write<{ closed: Shown[] }>("close", params);
      session.out.print(closed, () => closed.map(lineFor).join("\n"));
    });
  named(
    gate,
    "add-waiter <id> <who>",
    "who wants to know when it opens",
    "barnacle bead gate add-waiter hq-1a2 ben",
  ).action(async (id: string, who: string, _flags: object, command: Command) => {
    const session = open(command);
    const changed = await new WorkDoor(session).write<Shown[]>("update", { ids: [id], addWaiters: [who] });
    session.out.print(changed, () => changed.map(lineFor).join("\n"));
  });
}
