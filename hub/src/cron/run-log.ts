import type { CronRun, CronRunQuery } from "../services.ts";
import type { Row, Store } from "../store/index.ts";

/** Ended runs that are kept per job. */
const KEPT = 1000;

export interface OpenRun {
  readonly runId: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly dueAt?: number;
  readonly startedAt: number;
}

/** The run log. Writers call it inside a transaction of the store. */
export class RunLog {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @returns false when this time of the job was claimed before */
  open(run: OpenRun): boolean {
    const sql =
      "INSERT INTO cron_runs (run_id, job_id, job_name, due_at, started_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    return this.#store.run(sql, run.runId, run.jobId, run.jobName, run.dueAt ?? null, run.startedAt) === 1;
  }

  close(entry: CronRun): void {
    this.#store.run(
      "UPDATE cron_runs SET finished_at = ?, status = ?, entry = ? WHERE run_id = ?",
      entry.ts,
      entry.status,
      JSON.stringify(entry),
      entry.runId,
    );
    this.#store.run(
      "DELETE FROM cron_runs WHERE job_id = ? AND finished_at IS NOT NULL AND seq <= " +
        "(SELECT seq FROM cron_runs WHERE job_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
      entry.jobId,
      entry.jobId,
      KEPT,
    );
  }

  /** Whether this time of the job was claimed before. */
  claimed(jobId: string, dueAt: number): boolean {
    return this.#store.one("SELECT 1 FROM cron_runs WHERE job_id = ? AND due_at = ?", jobId, dueAt) !== undefined;
  }

  /** Begun and never ended: a hub died over them. */
  unfinished(): OpenRun[] {
    return this.#store.all("SELECT * FROM cron_runs WHERE finished_at IS NULL ORDER BY seq").map((row) => ({
      runId: String(row.run_id),
      jobId: String(row.job_id),
      jobName: String(row.job_name),
      ...(row.due_at === null ? {} : { dueAt: Number(row.due_at) }),
      startedAt: Number(row.started_at),
    }));
  }

  page({ jobId, runId, statuses, query, oldestFirst, limit, offset }: CronRunQuery): {
    entries: CronRun[];
    total: number;
  } {
    const where = ["finished_at IS NOT NULL"];
    const values: string[] = [];
    const and = (sql: string, ...parameters: readonly string[]) => {
      where.push(sql);
      values.push(...parameters);
    };
    if (jobId !== undefined) and("job_id = ?", jobId);
    if (runId !== undefined) and("run_id = ?", runId);
    if (statuses) and(`status IN (${statuses.map(() => "?").join(", ")})`, ...statuses);
    if (query !== undefined) and("instr(lower(entry), lower(?)) > 0", query);
    const from = `FROM cron_runs WHERE ${where.join(" AND ")}`;
    const { total } = this.#store.one(`SELECT COUNT(*) AS total ${from}`, ...values) as Row;
    const order = oldestFirst ? "ASC" : "DESC";
    const rows = this.#store.all(
      `SELECT entry ${from} ORDER BY seq ${order} LIMIT ? OFFSET ?`,
      ...values,
      limit,
      offset,
    );
    return { entries: rows.map((row) => JSON.parse(String(row.entry)) as CronRun), total: Number(total) };
  }
}
