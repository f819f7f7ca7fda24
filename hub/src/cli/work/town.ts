import type { ListedRig } from "../../rigs/operations.ts";
import type { ListedWorkspace } from "../../workspaces/operations.ts";
import type { Style } from "../output.ts";
import type { Family } from "../session.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";

interface Agent {
  readonly name: string;
  readonly address: string;
  readonly role: string;
  readonly rig?: string;
  readonly running: boolean;
  readonly has_work: boolean;
  readonly hook_bead: string;
  readonly work_title: string;
  readonly state: string;
}

interface Queue {
  readonly rig: string;
  readonly state: "idle" | "processing" | "blocked" | "stopped";
  readonly pending: number;
  readonly inFlight: number;
  readonly blocked: number;
}

interface Witness {
  readonly rig: string;
  readonly state: string;
}

/** As `gt status --json` has it. */
interface TownStatus {
  readonly name: string;
  readonly location: string;
  readonly overseer: { readonly name: string; readonly unread_mail: number };
  readonly daemon: { readonly running: boolean; readonly pid: number };
  readonly emergency_stop: { readonly stopped: boolean; readonly reason?: string };
  readonly agents: readonly Agent[];
  readonly rigs: readonly RigStatus[];
  readonly summary: Readonly<Record<string, number>>;
}

interface RigStatus {
  readonly name: string;
  readonly status: string;
  readonly polecats: readonly string[];
  readonly polecat_count: number;
  readonly crews: readonly string[];
  readonly crew_count: number;
  readonly has_witness: boolean;
  readonly has_refinery: boolean;
  readonly hooks: readonly {
    readonly agent: string;
    readonly role: string;
    readonly has_work: boolean;
    readonly title: string;
  }[];
  readonly agents: readonly Agent[];
  readonly mq: {
    readonly pending: number;
    readonly in_flight: number;
    readonly blocked: number;
    readonly state: string;
  };
}

/** `barnacle town`: workspaces, rigs, agents and queues in one view, with or without a hub. */
export const townFamily: Family = (program, open) => {
  const parent = program.command("town").description("everything that works on beads, in one view");
  named(parent, "status", "who works on what, rig by rig", "barnacle town status").action(
    async (_: object, command) => {
      const session = open(command);
      const door = new WorkDoor(session);
      const status = await statusOf(door);
      session.out.print(status, (style) => textOf(status, style));
    },
  );
};

async function statusOf(door: WorkDoor): Promise<TownStatus> {
  const workspaces = await door.read<ListedWorkspace[]>("workspaces.list");
  const rigs = await door.read<ListedRig[]>("rigs.list");
  const agents = await door.read<Agent[]>("workers.list");
  const queues = await door.read<Queue[]>("mergequeue.status");
  const witnesses = await door.read<Witness[]>("witness.status");
  const unread = await door.read<{ pending: number }>("mail.check", { identity: "overseer" });
  const stop = await door.read<{ stopped: boolean; reason?: string }>("estop.status");
  const shown = rigs.map((rig) => rigOf(rig, agents, queues, witnesses));
  const count = (role: string) => agents.filter((agent) => agent.role === role).length;
  const pid = door.hubPid();
  return {
    ...{ name: workspaces.map(({ name }) => name).join(", "), location: workspaces[0]?.path ?? "" },
    overseer: { name: "overseer", unread_mail: unread.pending },
    daemon: { running: pid !== undefined, pid: pid ?? 0 },
    ...{ emergency_stop: stop, agents, rigs: shown },
    summary: {
      ...{ rig_count: rigs.length, polecat_count: count("polecat"), crew_count: count("crew") },
      witness_count: shown.filter(({ has_witness }) => has_witness).length,
      refinery_count: shown.filter(({ has_refinery }) => has_refinery).length,
      active_hooks: agents.filter(({ has_work }) => has_work).length,
    },
  };
}

function rigOf(
  rig: ListedRig,
  all: readonly Agent[],
  queues: readonly Queue[],
  witnesses: readonly Witness[],
): RigStatus {
  const agents = all.filter((agent) => agent.rig === rig.name);
  const namesOf = (role: string) => agents.filter((agent) => agent.role === role).map(({ name }) => name);
  const queue = queues.find((one) => one.rig === rig.name);
  const witness = witnesses.find((one) => one.rig === rig.name);
  const [polecats, crews] = [namesOf("polecat"), namesOf("crew")];
  return {
    ...{ name: rig.name, status: rig.status, polecats, polecat_count: polecats.length },
    ...{ crews, crew_count: crews.length },
    has_witness: witness !== undefined && witness.state !== "stopped",
    has_refinery: queue !== undefined && queue.state !== "stopped",
    hooks: agents.map(({ address, role, has_work, work_title }) => ({
      ...{ agent: address, role, has_work, title: work_title },
    })),
    agents,
    mq: {
      ...{ pending: queue?.pending ?? 0, in_flight: queue?.inFlight ?? 0, blocked: queue?.blocked ?? 0 },
      state: queue?.state ?? "idle",
    },
  };
}

function textOf(status: TownStatus, style: Style): string {
  const { name, location, daemon, overseer, rigs, agents, emergency_stop: stop } = status;
  const head = [
    `${style.bold(name === "" ? "no workspace yet: barnacle workspace init" : name)}  ${location}`,
    daemon.running ? `hub runs (${daemon.pid})` : style.red("no hub runs: nothing is started by itself"),
    ...(stop.stopped ? [style.red(`emergency stop${stop.reason === undefined ? "" : `: ${stop.reason}`}`)] : []),
    ...(overseer.unread_mail > 0 ? [`${overseer.unread_mail} messages for you: barnacle mail inbox`] : []),
  ];
  const body = rigs.flatMap((rig) => [
    "",
    `${style.bold(rig.name)}  ${rig.status}  merge queue ${rig.mq.state}: ${rig.mq.pending} waiting, ${rig.mq.in_flight} in work`,
    ...rig.agents.map(agentLine),
  ]);
  const others = agents.filter(({ rig }) => rig === undefined).map(agentLine);
  return [...head, ...body, ...(others.length > 0 ? ["", ...others] : [])].join("\n");
}

function agentLine({ address, state, hook_bead, work_title }: Agent): string {
  return `  ${address.padEnd(28)}${state.padEnd(14)}${hook_bead} ${work_title}`.trimEnd();
}
