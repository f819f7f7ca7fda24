import type { WritableSql } from "../beads/index.ts";
import type { Address } from "./address.ts";
import type { Death, WorkerState } from "./record.ts";

/** Members of a row of `workers` that change. */
export interface WorkerChange {
  readonly state?: WorkerState;
  readonly reason?: string | null;
  readonly held?: boolean;
  readonly runner?: string | null;
  readonly run_id?: string | null;
  readonly pid?: number | null;
  readonly pid_start?: string | null;
  readonly bead?: string | null;
  readonly worktree?: string | null;
  readonly branch?: string | null;
  readonly base?: string | null;
  readonly started_at?: number | null;
  readonly heartbeat_at?: number | null;
  readonly active_at?: number | null;
  readonly progress?: string | null;
  readonly log_at?: number;
  readonly token?: string | null;
  readonly restarts?: number;
  readonly next_start_at?: number | null;
  readonly handoff?: string | null;
  readonly handoff_at?: number | null;
}

const DEATHS_KEPT = 100;

/** The only writer of `workers` and `worker_deaths`. */
export const WorkerTable = {
  insert(sql: WritableSql, { text, role, rig, name }: Address, runner: string | undefined, who: string, now: number) {
    sql.run(
      "INSERT INTO workers (address, role, rig, name, runner, state, created_at, created_by) VALUES (?, ?, ?, ?, ?, 'idle', ?, ?)",
      ...[text, role, rig ?? null, name ?? null, runner ?? null, now, who],
    );
  },

  change(sql: WritableSql, address: string, change: WorkerChange): void {
    const entries = Object.entries(change).filter(([, value]) => value !== undefined);
    if (entries.length === 0) return;
    const values = entries.map(([, value]) => (typeof value === "boolean" ? Number(value) : value));
    const text = `UPDATE workers SET ${entries.map(([name]) => `${name} = ?`).join(", ")} WHERE address = ?`;
    sql.run(text, ...[...values, address]);
  },

  remove(sql: WritableSql, address: string): void {
    sql.run("DELETE FROM worker_deaths WHERE address = ?", address);
    sql.run("DELETE FROM workers WHERE address = ?", address);
  },

  addDeath(sql: WritableSql, address: string, { at, bead, code, signal, why, ranMs }: Death): void {
    sql.run(
      "INSERT INTO worker_deaths (address, at, bead, code, signal, why, ran_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...[address, at, bead ?? null, code ?? null, signal ?? null, why, ranMs ?? null],
    );
    sql.run(
      `DELETE FROM worker_deaths WHERE address = ?1 AND seq NOT IN
       (SELECT seq FROM worker_deaths WHERE address = ?1 ORDER BY seq DESC LIMIT ${DEATHS_KEPT})`,
      address,
    );
  },
};
