import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import type { WorkConfig } from "../config/work.ts";
import { postMail } from "../mail/index.ts";
import type { MayorPorts } from "../mayor/index.ts";
import type { Scheduler, SchedulerPorts } from "../scheduler/index.ts";
import type { WatchedAgent, WitnessPorts } from "../witness/index.ts";
import { runnerOf } from "../workers/index.ts";
import type { Neighbours, WorkerFacts } from "./neighbours.ts";
import type { TownBase } from "./part.ts";

type Near = () => Neighbours;

const DEACON = "deacon/";
const MAYOR = "mayor/";

export function schedulerPorts(near: Near): SchedulerPorts {
  return {
    sling: (who, { bead, to, args }) => hooksOf(near).sling(who, { ...args, bead, to }),
    stopped: () => near().estop.state().stopped,
    closedRigs: () =>
      new Set(
        near()
          .rigs.list()
          .filter(({ state }) => state !== "active")
          .map(({ name }) => name),
      ),
    report: async ({ key, subject, reason, bead }) => {
      await near().escalations?.raise(DEACON, { severity: "medium", subject, reason, source: "scheduler", bead, key });
    },
  };
}

export function witnessPorts(
  base: TownBase,
  near: Near,
  scheduler: Scheduler,
  settings: () => WorkConfig,
): WitnessPorts {
  return {
    rigs: () => near().rigs.list(),
    agents: (rig) => watched(base, near(), settings(), rig),
    stopped: () => near().estop.state().stopped,
    nudge: async (agent, text) => {
      const { nudges, workers } = near();
      if (nudges) await nudges.nudge(`${agent.split("/")[0]}/witness`, { to: agent, text });
      else await workers?.deliver(agent, text);
    },
    restart: async (agent, why) => {
      await near().workers?.finish(agent, why, true);
      try {
        await near().workers?.start(agent);
      } catch (error) {
        // It has nothing to do: then it need not run.
        if (!hasCode(error, "HOOK_EMPTY")) throw error;
      }
    },
    reassign: (agent, bead, why) => giveAway(near(), scheduler, `${agent.split("/")[0]}/witness`, bead, why),
    escalate: async ({ key, severity, subject, reason, bead, rig }) => {
      const escalation = { severity, subject, reason, source: "witness", key, ...(bead === undefined ? {} : { bead }) };
      await near().escalations?.raise(`${rig}/witness`, escalation);
    },
    verdict: async (agent) => {
      const { worktrees } = near();
      if (!worktrees.find(agent)) return undefined;
      return { dirty: (await worktrees.verdict(agent)).verdict !== "SAFE_TO_NUKE" };
    },
  };
}

export function mayorPorts(near: Near, scheduler: Scheduler): MayorPorts {
  return {
    rigs: () => near().rigs.list(),
    convoy: async (who, { title, beads, key, merge, baseBranch }) => {
      const more = { ...(merge === undefined ? {} : { merge }), ...(baseBranch === undefined ? {} : { baseBranch }) };
      return (await near().convoys.create(who, { title, beads, key, owner: who, ...more })).id;
    },
    queue: async (who, work) => {
      try {
        await scheduler.enqueue(who, work);
      } catch (error) {
        // Somebody took it, or closed it, at this moment.
        if (!hasCode(error, "BEAD_REFUSED")) throw error;
      }
    },
    post: (writer, { to, ...mail }) => {
      const cc = to.includes("/") || to === "overseer" ? {} : { cc: ["overseer"] };
      postMail(writer, { ...mail, ...cc, to: to.includes(":") ? "overseer" : to, permanent: true });
    },
    escalate: async ({ key, subject, reason, bead }) => {
      await near().escalations?.raise(MAYOR, { severity: "high", subject, reason, source: "mayor", bead, key });
    },
  };
}

/** Away from who has it, and into the queue for somebody else of its rig. */
export async function giveAway(
  { hooks, rigs }: Neighbours,
  scheduler: Scheduler,
  who: string,
  bead: string,
  why: string,
): Promise<"again" | "abandoned"> {
  const { abandoned } = (await hooks?.recover(who, bead, why)) ?? { abandoned: false };
  if (abandoned) return "abandoned";
  const rig = rigs.ofBead(bead);
  if (rig) {
    try {
      await scheduler.enqueue(who, { bead, rig: rig.name });
    } catch (error) {
      if (!hasCode(error, "BEAD_REFUSED")) throw error;
    }
  }
  return "again";
}

function watched({ beads }: TownBase, { workers, hooks }: Neighbours, config: WorkConfig, rig: string): WatchedAgent[] {
  if (!workers) return [];
  return workers
    .list()
    .filter((worker) => worker.rig === rig)
    .map((worker) => {
      const { address, state, held, reason, startedAt, heartbeatAt = 0, activeAt = 0, progress, deaths } = worker;
      const job = hooks?.assignment(address);
      const bead = job && beads.reads.find(job.bead.id);
      const lived = Math.max(heartbeatAt, activeAt);
      return {
        ...{ address, rig, state, held, reason, startedAt, deaths: deaths.map(({ at }) => at) },
        speaks: heartbeatAt >= (startedAt ?? 0) || progress !== undefined || speaks(worker, job?.runner, config),
        alive: workers.alive(address) === true,
        heartbeatAt: lived === 0 ? undefined : lived,
        progressAt: progress?.at,
        work: job && bead && { bead: bead.id, taken: bead.status === "in_progress", since: job.hookedAt },
      };
    });
}

/** Whether its program is one that says what it does. */
function speaks({ runner, rig = "", role }: WorkerFacts, chosen: string | undefined, config: WorkConfig): boolean {
  const name = chosen ?? runner ?? config.rigRunners[rig] ?? config.roleRunners[role] ?? config.runner;
  try {
    return runnerOf(name, config.runners).prompt === "protocol";
  } catch {
    return false;
  }
}

function hooksOf(near: Near): NonNullable<Neighbours["hooks"]> {
  const { hooks } = near();
  if (hooks) return hooks;
  throw new BarnacleError("HUB_UNREACHABLE", "nobody works here: work is given out by a running hub");
}
