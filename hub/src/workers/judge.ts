import type { WorkerLimits } from "../config/workers.ts";
import { restartDelay } from "./backoff.ts";
import type { Assignment } from "./ports.ts";
import type { Death, WorkerRecord } from "./record.ts";
import type { Exit } from "./run.ts";
import type { WorkerChange } from "./table.ts";

export interface Ending {
  readonly record: WorkerRecord;
  readonly job: Assignment | undefined;
  readonly exit: Exit;
  /** Why it was ended; absent when it ended by itself. */
  readonly stopping?: string | undefined;
  /** The limit that it crossed. */
  readonly limit?: string | undefined;
  readonly limits: WorkerLimits;
  readonly now: number;
}

export interface Judgement {
  /** Its work was not over, and nobody had ended it. */
  readonly died: boolean;
  readonly restarts: number;
  readonly stuck: boolean;
  /** ms until it is started again; undefined: it is not. */
  readonly again?: number;
  readonly why: string;
  readonly change: WorkerChange;
  readonly death?: Death;
}

/** What follows from the end of a process, or from a start that failed. */
export function judge({ record, job, exit, stopping, limit, limits, now }: Ending): Judgement {
  const why = limit ?? stopping ?? "it ended before its work did";
  // Who asked for help and ended waits for it.
  const atWork = job !== undefined && record.state !== "stuck";
  const died = atWork && (stopping === undefined || limit !== undefined);
  if (!died) {
    const stays = record.state === "stuck" || record.state === "escalated";
    const state = job === undefined ? "idle" : "spawning";
    return { died, restarts: 0, stuck: false, why, change: { restarts: 0, ...(stays ? {} : { state }) } };
  }
  const restarts = record.restarts + 1;
  const stuck = restarts > limits.restarts;
  const delay = restartDelay(limits, restarts);
  const ranMs = record.running && record.startedAt !== undefined ? { ranMs: now - record.startedAt } : {};
  return {
    ...{ died, restarts, stuck, why },
    ...(stuck ? {} : { again: delay }),
    change: stuck
      ? { restarts, state: "stuck", next_start_at: null, reason: `crash loop: ended ${restarts} times, last: ${why}` }
      : { restarts, state: "spawning", next_start_at: now + delay },
    death: {
      ...{ at: now, why, bead: job.bead.id, ...ranMs },
      ...(exit.code === undefined ? {} : { code: exit.code }),
      ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    },
  };
}
