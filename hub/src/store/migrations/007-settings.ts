import type { Migration } from "../migrate.ts";

/** Settings changed at run time (the global wake words), and the broker's retained messages. */
export const settings: Migration = {
  number: 7,
  name: "settings",
  sql: `
    CREATE TABLE settings (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE retained (
      topic TEXT PRIMARY KEY,
      payload BLOB NOT NULL,
      qos INTEGER NOT NULL CHECK (qos IN (0, 1))
    ) STRICT, WITHOUT ROWID;
  `,
};
