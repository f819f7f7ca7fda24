import type { Migration } from "../migrate.ts";

/** Jobs and their run log. A scheduled time is claimed by its row in the log before anything is done, so it is used at most once. */
export const cron: Migration = {
  number: 16,
  name: "cron",
  sql: `
    CREATE TABLE cron_jobs (
      job_id TEXT PRIMARY KEY,
      declaration_key TEXT UNIQUE,
      spec TEXT NOT NULL,
      state TEXT NOT NULL,
      next_run_at INTEGER,
      revision INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      scratch TEXT,
      scratch_revision INTEGER NOT NULL DEFAULT 0,
      scratch_at INTEGER
    ) STRICT;
    CREATE INDEX cron_jobs_due ON cron_jobs (next_run_at) WHERE next_run_at IS NOT NULL;
    CREATE TABLE cron_runs (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      run_id TEXT NOT NULL UNIQUE,
      job_id TEXT NOT NULL,
      job_name TEXT NOT NULL,
      due_at INTEGER,
      started_at INTEGER NOT NULL,
      finished_at INTEGER,
      status TEXT CHECK (status IN ('ok', 'error', 'skipped')),
      entry TEXT,
      UNIQUE (job_id, due_at)
    ) STRICT;
    CREATE INDEX cron_runs_open ON cron_runs (seq) WHERE finished_at IS NULL;
    CREATE INDEX cron_runs_job ON cron_runs (job_id, seq);
  `,
};
