import type { Command } from "commander";
import { example, type Family, type Session } from "../session.ts";
import { renderFields, type TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined, whole } from "./filter-options.ts";

interface Agent {
  readonly name: string;
  readonly address: string;
  readonly role: string;
  readonly running: boolean;
  readonly state: string;
  readonly hook_bead: string;
  readonly work_title: string;
  readonly agent_info?: string;
  readonly progress?: { readonly percent?: number; readonly text?: string };
}

interface Polecat {
  readonly rig: string;
  readonly name: string;
  readonly state: string;
  readonly issue: string;
  readonly session_running: boolean;
}

const AGENTS: readonly TableColumn<Agent>[] = [
  { title: "agent", value: ({ address }) => address },
  { title: "state", value: ({ state }) => state, paint: (text, { state }, style) => painted(state)(style)(text) },
  { title: "process", value: ({ running }) => (running ? "runs" : "") },
  { title: "bead", value: ({ hook_bead }) => hook_bead },
  { title: "work", value: ({ work_title, agent_info, progress }) => agent_info ?? progress?.text ?? work_title },
];

const POLECATS: readonly TableColumn<Polecat>[] = [
  { title: "rig", value: ({ rig }) => rig },
  { title: "name", value: ({ name }) => name },
  { title: "state", value: ({ state }) => state, paint: (text, { state }, style) => painted(state)(style)(text) },
  { title: "process", value: ({ session_running }) => (session_running ? "runs" : "") },
  { title: "bead", value: ({ issue }) => issue },
];

function painted(state: string) {
  return (style: Session["out"]["style"]) =>
    state === "stuck" || state === "escalated" ? style.red : state === "working" ? style.green : style.dim;
}

/** `barnacle agents`: those who do the work. */
export const agentsFamily: Family = (program, open) => {
  const agents = program.command("agents").description("those who do the work, and their processes");
  example(
    agents
      .command("list")
      .description("all of them, with what they do")
      .option("--rig <name>", "of this rig")
      .option("--role <role>", "polecat, crew, mayor, witness, refinery")
      .option("--state <state>", "working, idle, stuck, …"),
    "barnacle agents list --rig barn",
  ).action(async (flags: { rig?: string; role?: string; state?: string }, command: Command) => {
    const session = open(command);
    const filter = defined({ rig: flags.rig, role: flags.role, state: flags.state });
    session.out.list(
      await new WorkDoor(session).read<Agent[]>("workers.list", filter),
      AGENTS,
      "nobody works here yet",
    );
  });
  named(agents, "show <agent>", "everything about one", "barnacle agents show barn/toast").action(
    async (address: string, _flags: object, command: Command) => {
      const session = open(command);
      const { worker, ...agent } = await new WorkDoor(session).read<Agent & { worker: object }>("workers.show", {
        address,
      });
      session.out.print({ ...agent, worker }, (style) =>
        renderFields(
          Object.entries({ ...worker, ...agent }).flatMap(([name, value]): [string, string | number][] =>
            typeof value === "object" ? [] : [[name.replaceAll("_", " "), String(value)]],
          ),
          style,
        ),
      );
    },
  );
  const write = (usage: string, description: string, line: string, name: string) =>
    named(agents, usage, description, line).action(async (...given: unknown[]) => {
      const session = open(given.at(-1) as Command);
      const flags = given.at(-2) as Record<string, unknown>;
      const params = defined({ address: given.length > 2 ? given[0] : undefined, ...flags });
      const changed = await new WorkDoor(session).write<{ address?: string; state?: string }>(
        `workers.${name}`,
        params,
      );
      session.out.print(changed, () => [changed.address ?? given[0], changed.state].filter(Boolean).join(": "));
    });
  write(
    "add <agent>",
    "makes one: <rig>/crew/<name>, <rig>/polecats/<name>",
    "barnacle agents add barn/crew/anna --runner codex",
    "register",
  ) //
    .option("--runner <name>", "its program");
  write(
    "start <agent>",
    "starts what is on its hook, also when it was stopped or is stuck",
    "barnacle agents start barn/toast",
    "start",
  );
  write("stop <agent>", "ends its process; it stays so until it is started", "barnacle agents stop barn/toast", "stop") //
    .option("--why <text>", "said to it")
    .option("-f, --force", "at once");
  write("remove <agent>", "forgets it; it must have no work", "barnacle agents remove barn/toast", "remove");
  write("heartbeat", "a worker says that it goes on", "barnacle agents heartbeat", "heartbeat");
};

/** `barnacle polecat`: workers of rigs, as other tools list them. */
export const polecatFamily: Family = (program, open) => {
  const parent = program.command("polecat").description("workers of rigs");
  example(
    parent.command("list [rig]").description("all of them").option("--all", "also those that are gone"),
    "barnacle polecat list barn --json",
  ).action(async (rig: string | undefined, flags: { all?: boolean }, command: Command) => {
    const session = open(command);
    const params = defined({ rig, all: flags.all });
    session.out.list(await new WorkDoor(session).read<Polecat[]>("workers.polecats", params), POLECATS, "no workers");
  });
  named(parent, "status <agent>", "one of them", "barnacle polecat status barn/toast --json").action(
    async (address: string, _flags: object, command: Command) => {
      const session = open(command);
      const polecat = await new WorkDoor(session).read<Record<string, string>>("workers.polecat", { address });
      session.out.print(polecat, (style) =>
        renderFields(
          Object.entries(polecat).map(([name, value]) => [name.replaceAll("_", " "), String(value)]),
          style,
        ),
      );
    },
  );
};

/** `barnacle peek`: the end of what a worker wrote. */
export const peekFamily: Family = (program, open) => {
  example(
    program
      .command("peek <agent>")
      .description("the last lines that a worker wrote")
      .option("-n, --lines <n>", "so many (default 100)", whole),
    "barnacle peek barn/toast -n 20",
  ).action(async (address: string, flags: { lines?: number }, command: Command) => {
    const session = open(command);
    const params = defined({ address, lines: flags.lines });
    const peek = await new WorkDoor(session).read<{ lines: string[] }>("workers.peek", params);
    session.out.print(peek, () => peek.lines.join("\n"));
  });
};
