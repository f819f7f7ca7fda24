import { hasCode, messageOf } from "@barnacle/protocol/errors";
import { type ConvoyPorts, Convoys, convoyTimes } from "../convoys/index.ts";
import type { Hooks } from "../hooks/index.ts";
import { type Nudges, postMail } from "../mail/index.ts";
import type { Rigs } from "../rigs/index.ts";
import type { Scheduler } from "../scheduler/index.ts";
import type { Workers } from "../workers/index.ts";
import type { Worktrees } from "../worktrees/index.ts";
import type { TownBase } from "./part.ts";
import { settingsOf } from "./settings.ts";

/** Worktrees of workers go when their convoy lands; those of the crew stay. */
const WORKER = /^[^/]+\/polecats\//;

interface ConvoyWays {
  readonly rigs: Rigs;
  readonly worktrees: Worktrees;
  readonly nudges: Nudges;
  readonly hooks: () => Hooks;
  readonly workers: () => Workers;
  readonly scheduler: Pick<Scheduler, "hasRoom">;
}

/** Convoys, with their ways to the other parts. */
export function convoyParts(base: TownBase, parts: ConvoyWays): Convoys {
  const settings = settingsOf(base);
  return new Convoys({
    ...{ ...base, ...portsTo(parts), post: postMail },
    times: () => convoyTimes(settings().convoys),
    nudgeToo: () => (settings().convoys.notifyOnComplete ? "mayor/" : undefined),
  });
}

function portsTo({ rigs, worktrees, nudges, hooks, workers, scheduler }: ConvoyWays): ConvoyPorts {
  return {
    nudger: nudges,
    workers: { alive: (address) => workers().alive(address) },
    slinger: {
      async sling(who, { bead, convoy, merge, baseBranch }) {
        const rig = rigs.ofBead(bead);
        if (rig?.state !== "active" || !scheduler.hasRoom(rig.name)) return undefined;
        try {
          return await hooks().sling(who, { bead, to: rig.name, convoy, baseBranch, noMerge: merge === "local" });
        } catch (error) {
          if (hasCode(error, "ESTOPPED")) return undefined;
          throw error;
        }
      },
    },
    rigs: {
      any: () => rigs.list().length > 0,
      rigOf: (bead) => rigs.ofBead(bead),
    },
    worktrees: {
      async release(who, agent) {
        if (!WORKER.test(agent)) return undefined;
        try {
          await worktrees.remove(agent, { who });
          return { released: true };
        } catch (error) {
          if (hasCode(error, "WORKTREE_UNKNOWN")) return undefined;
          return { released: false, why: messageOf(error) };
        }
      },
    },
  };
}
