import type { Row } from "../store/index.ts";
import type { Role } from "./address.ts";

/**
 * What a worker is doing. `spawning`: its process is being started, or waits for its next start; `stuck` and `awaiting-gate`
 * protect from cleaning up.
 */
export const STATES = [
  "spawning",
  "working",
  "running",
  "idle",
  "done",
  "stuck",
  "escalated",
  "nuked",
  "awaiting-gate",
] as const;
export type WorkerState = (typeof STATES)[number];

export interface Progress {
  readonly at: number;
  readonly percent?: number;
  readonly text?: string;
}

/** The end of a run that was not the end of its work. */
export interface Death {
  readonly at: number;
  readonly bead?: string;
  readonly code?: number;
  readonly signal?: string;
  readonly why: string;
  /** How long it ran, ms. */
  readonly ranMs?: number;
}

/** A worker: who it is (for good), where it works (kept between jobs), and its process (one run). Times: ms since 1970. */
export interface WorkerRecord {
  readonly address: string;
  readonly role: Role;
  readonly rig?: string;
  readonly name?: string;
  readonly runner?: string;
  readonly state: WorkerState;
  /** Why it is stuck or stands still. */
  readonly reason?: string;
  /** Stopped by hand: it is not started again until somebody says so. */
  readonly held: boolean;
  /** A process of it runs, or is being started. */
  readonly running: boolean;
  readonly pid?: number;
  /** Its present work, the first on its hook. */
  readonly hook?: string;
  /** What its latest run was about. */
  readonly bead?: string;
  readonly worktree?: string;
  readonly branch?: string;
  readonly base?: string;
  readonly startedAt?: number;
  readonly heartbeatAt?: number;
  /** Any line of output. */
  readonly activeAt?: number;
  readonly progress?: Progress;
  /** Starts again since it got its present work. */
  readonly restarts: number;
  readonly nextStartAt?: number;
  readonly handoffAt?: number;
  readonly createdAt: number;
  readonly createdBy: string;
  /** The latest, newest first. */
  readonly deaths: readonly Death[];
}

const text = (value: unknown) => (value === null || value === undefined ? undefined : String(value));
const number = (value: unknown) => (value === null || value === undefined ? undefined : Number(value));
const withoutUndefined = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;

export function recordOf(row: Row, deaths: readonly Death[]): WorkerRecord {
  const optional = {
    ...{ rig: text(row.rig), name: text(row.name), runner: text(row.runner), reason: text(row.reason) },
    ...{ pid: number(row.pid), hook: text(row.hook), bead: text(row.bead), worktree: text(row.worktree) },
    ...{ branch: text(row.branch), base: text(row.base), startedAt: number(row.started_at) },
    ...{ heartbeatAt: number(row.heartbeat_at), activeAt: number(row.active_at) },
    progress: row.progress === null ? undefined : (JSON.parse(String(row.progress)) as Progress),
    ...{ nextStartAt: number(row.next_start_at), handoffAt: number(row.handoff_at) },
  };
  return {
    address: String(row.address),
    role: String(row.role) as Role,
    ...{ state: String(row.state) as WorkerState, held: row.held === 1, running: row.run_id !== null },
    ...{ restarts: Number(row.restarts), createdAt: Number(row.created_at), createdBy: String(row.created_by), deaths },
    ...withoutUndefined(optional),
  } as WorkerRecord;
}

export function deathOf(row: Row): Death {
  const { bead, code, signal } = row;
  const optional = { bead: text(bead), code: number(code), signal: text(signal), ranMs: number(row.ran_ms) };
  return { at: Number(row.at), why: String(row.why), ...withoutUndefined(optional) } as Death;
}
