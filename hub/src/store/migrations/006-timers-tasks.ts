import type { Migration } from "../migrate.ts";

/** A turn sets at most one timer and writes at most one task, so answering it again changes nothing. */
export const timersAndTasks: Migration = {
  number: 6,
  name: "timers-tasks",
  sql: `
    CREATE TABLE timers (
      timer_id TEXT PRIMARY KEY,
      turn_id TEXT NOT NULL UNIQUE,
      device_id TEXT,
      room TEXT,
      duration_ms INTEGER NOT NULL,
      due_at INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('running', 'done', 'missed', 'cancelled')),
      cancelled_by TEXT,
      note TEXT
    ) STRICT;
    CREATE INDEX timers_running ON timers (due_at) WHERE status = 'running';
    CREATE TABLE tasks (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      task_id TEXT NOT NULL UNIQUE,
      turn_id TEXT NOT NULL UNIQUE,
      list TEXT NOT NULL,
      text TEXT NOT NULL,
      due TEXT,
      created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX tasks_list ON tasks (list, seq);
  `,
};
