import type { Migration } from "../migrate.ts";

/** The hub's one owner: what they are called, and what their clients remember for them. */
export const owner: Migration = {
  number: 15,
  name: "owner",
  sql: `
    CREATE TABLE owner (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      display_name TEXT,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE owner_prefs (
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
  `,
};
