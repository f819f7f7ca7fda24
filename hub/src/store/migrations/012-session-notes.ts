import type { Migration } from "../migrate.ts";

/** Texts that the next run of a session is to see, and the groups that a client sorts its sessions into. */
export const sessionNotes: Migration = {
  number: 12,
  name: "session-notes",
  sql: `
    CREATE TABLE session_events (
      event_id INTEGER PRIMARY KEY AUTOINCREMENT,
      session_key TEXT NOT NULL,
      text TEXT NOT NULL,
      at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX session_events_key ON session_events (session_key, event_id);
    CREATE TABLE session_groups (
      name TEXT PRIMARY KEY,
      position INTEGER NOT NULL
    ) STRICT;
  `,
};
