import type { Migration } from "../migrate.ts";

/** `body` is the turn as operators see it; `plan` is what was decided to do, so that a restarted hub does just that. */
export const turns: Migration = {
  number: 5,
  name: "turns",
  sql: `
    CREATE TABLE turns (
      turn_id TEXT PRIMARY KEY,
      device_id TEXT,
      started_at INTEGER NOT NULL,
      received_at INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('received', 'answering', 'done', 'failed')),
      body TEXT NOT NULL,
      plan TEXT
    ) STRICT;
    CREATE INDEX turns_started ON turns (started_at, turn_id);
    CREATE INDEX turns_unfinished ON turns (received_at) WHERE status IN ('received', 'answering');
  `,
};
