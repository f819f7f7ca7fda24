import type { Migration } from "../migrate.ts";

/**
 * `run_id` is set before a process is started and emptied after its end, so that a hub that died in between finds what it
 * had started. `log_at`: up to there the log has been acted on. `token` is a SHA-256.
 */
export const workers: Migration = {
  number: 34,
  name: "workers",
  sql: `
    CREATE TABLE workers (
      address TEXT PRIMARY KEY,
      role TEXT NOT NULL,
      rig TEXT,
      name TEXT,
      runner TEXT,
      state TEXT NOT NULL,
      reason TEXT,
      held INTEGER NOT NULL DEFAULT 0,
      run_id TEXT,
      pid INTEGER,
      pid_start TEXT,
      bead TEXT,
      worktree TEXT,
      branch TEXT,
      base TEXT,
      started_at INTEGER,
      heartbeat_at INTEGER,
      active_at INTEGER,
      progress TEXT,
      log_at INTEGER NOT NULL DEFAULT 0,
      token TEXT UNIQUE,
      restarts INTEGER NOT NULL DEFAULT 0,
      next_start_at INTEGER,
      handoff TEXT,
      handoff_at INTEGER,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL
    ) STRICT;
    CREATE INDEX workers_rig ON workers (rig, role);
    CREATE INDEX workers_running ON workers (address) WHERE run_id IS NOT NULL;
    CREATE TABLE worker_deaths (
      seq INTEGER PRIMARY KEY,
      address TEXT NOT NULL,
      at INTEGER NOT NULL,
      bead TEXT,
      code INTEGER,
      signal TEXT,
      why TEXT NOT NULL,
      ran_ms INTEGER
    ) STRICT;
    CREATE INDEX worker_deaths_of ON worker_deaths (address, seq);
  `,
};
