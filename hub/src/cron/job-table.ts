import type { CronJob, CronSpec, CronState } from "../services.ts";
import type { Row, Store } from "../store/index.ts";

/** What is stored of a job's state; the next time has a column of its own, and what runs is known in memory only. */
export type StoredState = Omit<CronState, "nextRunAtMs" | "runningAtMs">;

export interface StoredJob {
  readonly id: string;
  readonly spec: CronSpec;
  readonly state: StoredState;
  readonly nextRunAt?: number;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

const SOONEST = "SELECT * FROM cron_jobs ORDER BY next_run_at IS NULL, next_run_at, created_at, job_id";

/** The table of jobs. Writers call it inside a transaction of the store. */
export class JobTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  all(): StoredJob[] {
    return this.#store.all(SOONEST).map(fromRow);
  }

  get(id: string): StoredJob | undefined {
    const row = this.#store.one("SELECT * FROM cron_jobs WHERE job_id = ?", id);
    return row && fromRow(row);
  }

  byDeclaration(key: string): StoredJob | undefined {
    const row = this.#store.one("SELECT * FROM cron_jobs WHERE declaration_key = ?", key);
    return row && fromRow(row);
  }

  /** `COUNT` and the soonest time. */
  summary(): { jobs: number; next: number | null } {
    const row = this.#store.one("SELECT COUNT(*) AS jobs, MIN(next_run_at) AS next FROM cron_jobs") as Row;
    return { jobs: Number(row.jobs), next: row.next === null ? null : Number(row.next) };
  }

  put(job: StoredJob): void {
    this.#store.run(
      "INSERT INTO cron_jobs (job_id, declaration_key, spec, state, next_run_at, revision, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) " +
        "ON CONFLICT (job_id) DO UPDATE SET declaration_key = excluded.declaration_key, spec = excluded.spec, state = excluded.state, " +
        "next_run_at = excluded.next_run_at, revision = excluded.revision, updated_at = excluded.updated_at",
      job.id,
      job.spec.declarationKey ?? null,
      JSON.stringify(job.spec),
      JSON.stringify(job.state),
      job.nextRunAt ?? null,
      job.revision,
      job.createdAt,
      job.updatedAt,
    );
  }

  /** Moves a job's next time on, if it is still `dueAt`. */
  advance(id: string, dueAt: number, next: number | undefined): boolean {
    return (
      this.#store.run(
        "UPDATE cron_jobs SET next_run_at = ? WHERE job_id = ? AND next_run_at = ?",
        next ?? null,
        id,
        dueAt,
      ) === 1
    );
  }

  remove(id: string): boolean {
    return this.#store.run("DELETE FROM cron_jobs WHERE job_id = ?", id) === 1;
  }

  scratch(id: string): { content: string | null; revision: number; at: number } | undefined {
    const row = this.#store.one("SELECT scratch, scratch_revision, scratch_at FROM cron_jobs WHERE job_id = ?", id);
    if (!row) return undefined;
    const content = row.scratch === null ? null : String(row.scratch);
    return { content, revision: Number(row.scratch_revision), at: Number(row.scratch_at ?? 0) };
  }

  setScratch(id: string, content: string | null, revision: number, at: number): void {
    const sql = "UPDATE cron_jobs SET scratch = ?, scratch_revision = ?, scratch_at = ? WHERE job_id = ?";
    this.#store.run(sql, content, revision, at, id);
  }
}

/** As the gateway shows it. */
export function shown(job: StoredJob, runningAt: number | undefined): CronJob {
  return {
    id: job.id,
    ...job.spec,
    createdAtMs: job.createdAt,
    updatedAtMs: job.updatedAt,
    configRevision: String(job.revision),
    state: {
      ...job.state,
      ...(job.nextRunAt === undefined ? {} : { nextRunAtMs: job.nextRunAt }),
      ...(runningAt === undefined ? {} : { runningAtMs: runningAt }),
    },
  };
}

function fromRow(row: Row): StoredJob {
  return {
    id: String(row.job_id),
    spec: JSON.parse(String(row.spec)) as CronSpec,
    state: JSON.parse(String(row.state)) as StoredState,
    ...(row.next_run_at === null ? {} : { nextRunAt: Number(row.next_run_at) }),
    revision: Number(row.revision),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  };
}
