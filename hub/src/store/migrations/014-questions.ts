import type { Migration } from "../migrate.ts";

/** Questions that agents and programs put to people, with their answers; secret answers are not kept. */
export const questions: Migration = {
  number: 14,
  name: "questions",
  sql: `
    CREATE TABLE questions (
      id TEXT PRIMARY KEY,
      status TEXT NOT NULL CHECK (status IN ('pending', 'answered', 'cancelled', 'expired')),
      content TEXT NOT NULL,
      answers TEXT,
      resolved_by TEXT,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      resolved_at INTEGER
    ) STRICT;
    CREATE INDEX questions_pending ON questions (expires_at) WHERE status = 'pending';
  `,
};
