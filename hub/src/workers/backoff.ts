import type { WorkerLimits } from "../config/workers.ts";

/** ms until the start after `restarts` starts again: doubled each time, up to the limit. */
export function restartDelay({ restartDelayS, restartDelayMaxS }: WorkerLimits, restarts: number): number {
  return Math.min(restartDelayMaxS, restartDelayS * 2 ** Math.max(0, restarts - 1)) * 1000;
}
