import type { Events } from "@barnacle/protocol/runtime";

/** When a job runs. Source: gateway protocol 4, `CronJob`. */
export type CronSchedule =
  | { readonly kind: "at"; readonly at: string }
  | { readonly kind: "every"; readonly everyMs: number; readonly anchorMs?: number }
  | { readonly kind: "cron"; readonly expr: string; readonly tz?: string; readonly staggerMs?: number };

/** What it does: leaves a text for a session, or has the agent answer a message. */
export type CronPayload =
  | { readonly kind: "systemEvent"; readonly text: string }
  | {
      readonly kind: "agentTurn";
      readonly message: string;
      readonly model?: string;
      readonly thinking?: string;
      readonly timeoutSeconds?: number;
    };

/** Where the answer of an `agentTurn` goes besides its session. */
export interface CronDelivery {
  readonly mode: "none" | "announce";
  readonly channel?: string;
  readonly to?: string;
  readonly bestEffort?: boolean;
}

export type CronStatus = "ok" | "error" | "skipped";

export interface CronState {
  readonly nextRunAtMs?: number;
  readonly runningAtMs?: number;
  readonly lastRunAtMs?: number;
  readonly lastRunStatus?: CronStatus;
  readonly lastStatus?: CronStatus;
  readonly lastError?: string;
  readonly lastDurationMs?: number;
  readonly consecutiveErrors?: number;
  readonly lastDeliveryStatus?: CronDeliveryStatus;
  readonly lastDeliveryError?: string;
}

/** What the owner of a job decides. */
export interface CronSpec {
  readonly name: string;
  readonly displayName?: string;
  readonly declarationKey?: string;
  readonly description?: string;
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly enabled: boolean;
  readonly deleteAfterRun?: boolean;
  readonly schedule: CronSchedule;
  /** `main`, `isolated`, `current` (its `sessionKey`) or `session:<key>`. */
  readonly sessionTarget: string;
  readonly wakeMode: "now" | "next-heartbeat";
  readonly payload: CronPayload;
  readonly delivery?: CronDelivery;
}

export interface CronJob extends CronSpec {
  readonly id: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Changes with every change of the specification, not with its runs. */
  readonly configRevision: string;
  readonly state: CronState;
}

export type CronDeliveryStatus = "delivered" | "not-delivered" | "unknown" | "not-requested";

/** One line of the run log. */
export interface CronRun {
  readonly ts: number;
  readonly jobId: string;
  readonly action: "finished";
  readonly runId: string;
  readonly status: CronStatus;
  readonly completionStatus: "succeeded" | "failed" | "unknown";
  readonly error?: string;
  readonly summary?: string;
  readonly sessionKey?: string;
  readonly sessionId?: string;
  /** The time for which it was due; for a run by hand, when it began. */
  readonly runAtMs: number;
  readonly durationMs: number;
  readonly nextRunAtMs?: number;
  readonly deliveryStatus: CronDeliveryStatus;
  readonly deliveryError?: string;
  readonly jobName: string;
}

export interface CronEvent {
  readonly jobId: string;
  readonly action: "added" | "updated" | "removed" | "started" | "finished";
  readonly runId?: string;
  readonly runAtMs?: number;
  readonly durationMs?: number;
  readonly status?: CronStatus;
  readonly error?: string;
  readonly summary?: string;
  readonly nextRunAtMs?: number;
}

/** What became of asking for a run. */
export type CronStarted =
  | { readonly ran: true; readonly runId: string; readonly done: Promise<CronRun> }
  | { readonly ran: false; readonly reason: "not-due" | "already-running" | "disabled" };

export interface CronRunQuery {
  readonly jobId?: string;
  readonly runId?: string;
  readonly statuses?: readonly CronStatus[];
  readonly query?: string;
  readonly oldestFirst?: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface CronScratch {
  readonly content: string;
  readonly revision: number;
  readonly updatedAtMs: number;
}

/** Jobs that run by the clock, with what became of each run. All of it is on disk before it is answered. */
export interface Cron {
  readonly events: Events<{ changed: CronEvent }>;
  status(): { readonly enabled: boolean; readonly jobs: number; readonly nextWakeAtMs: number | null };
  /** All of them, soonest first, those without a next run last. */
  list(): readonly CronJob[];
  /** @throws CRON_JOB_UNKNOWN */
  get(id: string): CronJob;
  /** A second job of the same `declarationKey` changes the first. @throws INPUT_INVALID */
  add(spec: CronSpec): Promise<CronJob>;
  /** Members that are `null` are taken away. @throws CRON_JOB_UNKNOWN, INPUT_INVALID, CONFLICT (another revision) */
  update(id: string, patch: CronPatch, expectedRevision?: string): Promise<CronJob>;
  /** @returns whether there was one */
  remove(id: string): Promise<boolean>;
  /** `force`: now, whatever its schedule says. @throws CRON_JOB_UNKNOWN */
  run(id: string, mode: "due" | "force" | "if-enabled"): Promise<CronStarted>;
  runs(query: CronRunQuery): { readonly entries: readonly CronRun[]; readonly total: number };
  /** A note that belongs to a job, kept for its runs. @throws CRON_JOB_UNKNOWN */
  scratch(id: string): CronScratch | undefined;
  /** `undefined` when it had another revision than expected. @throws CRON_JOB_UNKNOWN */
  setScratch(id: string, content: string | null, expectedRevision?: number): Promise<number | undefined>;
  scratchRevision(id: string): number;
}

export type CronPatch = { readonly [K in keyof CronSpec]?: CronSpec[K] | null | undefined };
