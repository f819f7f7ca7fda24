import type { Sql } from "../beads/index.ts";
import { Evidence, type MergeRecord } from "./evidence.ts";
import { Journal } from "./journal.ts";
import { isReady } from "./request.ts";
import { requests } from "./requests.ts";

export interface RefineryStatus {
  readonly rig: string;
  readonly state: "idle" | "processing" | "blocked" | "stopped";
  /** Could be taken now. */
  readonly pending: number;
  readonly inFlight: number;
  /** Sent back, or waiting for a conflict to be solved. */
  readonly blocked: number;
  readonly run?: {
    readonly run: number;
    readonly kind: string;
    readonly stage: string;
    readonly target: string;
    readonly requests: readonly string[];
    /** The command that runs. */
    readonly gate?: string;
    readonly startedAt?: number;
  };
  readonly lastMerge?: Pick<MergeRecord, "request" | "branch" | "merged" | "at">;
  /** Why it is stopped or does not go on. */
  readonly reason?: string;
  readonly since?: number;
}

export function isStopped(sql: Sql, rig: string): boolean {
  return sql.one("SELECT stopped FROM refineries WHERE rig = ?", rig)?.stopped === 1;
}

export function refineryStatus(sql: Sql, rig: string, now: number): RefineryStatus {
  const row = sql.one("SELECT * FROM refineries WHERE rig = ?", rig);
  const left = requests(sql, { rig, limit: 0 }, now);
  const [run] = new Journal(sql).unfinished(rig);
  const [last] = new Evidence(sql).list(rig, 1);
  const ready = left.filter(isReady).length;
  const inFlight = left.filter(({ state }) => state === "in_progress").length;
  const stopped = row?.stopped === 1;
  const trouble = row && row.blocked !== null ? String(row.blocked) : undefined;
  const active = run !== undefined && run.stage !== "queued";
  const state = stopped ? "stopped" : trouble !== undefined && !active ? "blocked" : active ? "processing" : "idle";
  const since = stopped ? row?.since : trouble === undefined ? null : row?.blocked_at;
  return {
    ...{ rig, state, pending: ready, inFlight, blocked: left.length - ready - inFlight },
    ...(run === undefined
      ? {}
      : {
          run: {
            ...{ run: run.run, kind: run.kind, stage: run.stage, target: run.target },
            requests: run.ask.requests ?? [],
            ...(run.gate === undefined ? {} : { gate: run.gate.name }),
            ...(run.startedAt === undefined ? {} : { startedAt: run.startedAt }),
          },
        }),
    ...(last === undefined
      ? {}
      : {
          lastMerge: {
            branch: last.branch,
            merged: last.merged,
            at: last.at,
            ...(last.request ? { request: last.request } : {}),
          },
        }),
    ...(stopped ? { reason: `stopped by ${row?.by}` } : trouble === undefined ? {} : { reason: trouble }),
    ...(typeof since === "number" ? { since } : {}),
  };
}
