import type { Migration } from "../migrate.ts";

/** `running` when sent, `unknown` when no answer came; a late answer still settles it. Parameters are kept as a digest. */
export const commands: Migration = {
  number: 3,
  name: "commands",
  sql: `
    CREATE TABLE commands (
      command_id TEXT PRIMARY KEY,
      device_id TEXT NOT NULL,
      idempotency_key TEXT NOT NULL,
      command TEXT NOT NULL,
      params_digest TEXT NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'unknown')),
      payload TEXT,
      error TEXT,
      principal TEXT NOT NULL,
      turn_id TEXT,
      rule TEXT NOT NULL,
      started_at INTEGER NOT NULL,
      finished_at INTEGER,
      duration_ms REAL,
      UNIQUE (device_id, idempotency_key)
    ) STRICT;
    CREATE INDEX commands_started ON commands (started_at);
    CREATE INDEX commands_running ON commands (status) WHERE status = 'running';
  `,
};
