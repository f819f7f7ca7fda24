import type { EscalationPort } from "../escalations/index.ts";
import { type HookRigs, Hooks, type Submit } from "../hooks/index.ts";
import { type Deliver, postMail } from "../mail/index.ts";
import { Workers, type WorktreePort } from "../workers/index.ts";
import type { TownBase } from "./part.ts";
import { settingsOf } from "./settings.ts";
import type { Town } from "./town.ts";

/** Where and for what workers work. */
export interface WorkerParts {
  readonly convoys: Town["convoys"];
  readonly estop: Town["estop"];
  readonly rigs?: HookRigs | undefined;
  readonly worktrees?: WorktreePort | undefined;
  readonly submit?: Submit | undefined;
  readonly escalations?: EscalationPort | undefined;
}

/** Those who do the work, and what hangs on their hooks; each needs the other. */
export function workerParts(base: TownBase, { convoys, ...ports }: WorkerParts): { workers: Workers; hooks: Hooks } {
  const config = settingsOf(base);
  const workers: Workers = new Workers({ ...base, ...ports, config, env: process.env, work: () => hooks });
  const hooks: Hooks = new Hooks({ ...base, ...ports, config, workers, convoys, post: postMail });
  return { workers, hooks };
}

/** How messages reach running workers. */
export function reaching(workers: () => Workers): Deliver {
  return {
    agents: () =>
      workers()
        .list()
        .map(({ address, role, rig, hook, running }) => {
          const state = running ? (hook === undefined ? "idle" : "busy") : "away";
          return { address, role, rig, state };
        }),
    deliver: (address, text, kind) => workers().deliver(address, text, kind),
  };
}
