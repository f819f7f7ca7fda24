import type { Operations, TownCall, TownReading } from "../town/operations.ts";
import { type Listed, ScheduleQueue } from "./queue.ts";
import type { EnqueueRequest } from "./scheduler.ts";

export interface SchedulerStatus {
  readonly paused: boolean;
  readonly paused_by?: string;
  readonly paused_at?: string;
  readonly queued_total: number;
  readonly queued_ready: number;
  readonly queued_broken: number;
  readonly active_polecats: number;
  readonly last_dispatch_at: string | null;
  readonly beads: readonly QueuedBead[];
}

export interface QueuedBead {
  readonly id: string;
  readonly title: string;
  /** Of the bead. */
  readonly status: string;
  readonly target_rig: string;
  readonly target: string;
  readonly priority: number;
  readonly blocked: boolean;
  readonly queued_at: string;
  readonly queued_by: string;
  readonly not_before?: string;
  readonly failures: number;
  /** It waits for a person: giving it out failed too often. */
  readonly broken: boolean;
  readonly problem?: string;
}

function time(at: number): string {
  return new Date(at).toISOString();
}

function beadOf(entry: Listed, now: number): QueuedBead {
  return {
    ...{ id: entry.bead, title: entry.title, status: entry.status, target_rig: entry.rig, target: entry.target },
    ...{ priority: entry.priority, blocked: entry.state === "blocked", queued_at: time(entry.queuedAt) },
    ...{ queued_by: entry.who, failures: entry.failures, broken: entry.broken },
    ...(entry.notBefore > now ? { not_before: time(entry.notBefore) } : {}),
    ...(entry.problem === undefined ? {} : { problem: entry.problem }),
  };
}

export const READS = {
  list: ({ sql, now }: TownReading): QueuedBead[] => {
    const at = now();
    return new ScheduleQueue(sql).list(at).map((entry) => beadOf(entry, at));
  },
  status: (reading: TownReading): SchedulerStatus => {
    const queue = new ScheduleQueue(reading.sql);
    const { paused, by, at } = queue.paused;
    const entries = queue.list(reading.now());
    const last = queue.lastDispatchAt;
    return {
      paused,
      ...(by === undefined ? {} : { paused_by: by }),
      ...(at === undefined ? {} : { paused_at: time(at) }),
      queued_total: entries.length,
      queued_ready: entries.filter(({ state, broken }) => state === "ready" && !broken).length,
      queued_broken: entries.filter(({ broken }) => broken).length,
      active_polecats: queue.busy().size,
      last_dispatch_at: last === undefined ? null : time(last),
      beads: READS.list(reading),
    };
  },
} satisfies Operations["READS"];

export const WRITES = {
  enqueue: {
    alone: true,
    run: ({ town, who }: TownCall, request: EnqueueRequest) =>
      town.scheduler.enqueue(who, { ...request, bead: town.beads.reads.resolve(request.bead) }),
  },
  pause: {
    alone: true,
    run: async ({ town, who }: TownCall) => {
      await town.scheduler.pause(who);
      return READS.status(town.reading());
    },
  },
  resume: {
    alone: true,
    run: async ({ town }: TownCall) => {
      await town.scheduler.resume();
      return READS.status(town.reading());
    },
  },
  clear: {
    alone: true,
    run: async ({ town }: TownCall, { bead }: { readonly bead?: string }) => ({
      cleared: await town.scheduler.clear(bead === undefined ? undefined : town.beads.reads.resolve(bead)),
    }),
  },
  run: {
    alone: false,
    run: async ({ town }: TownCall) => ({ dispatched: await town.scheduler.run() }),
  },
} satisfies Operations["WRITES"];
