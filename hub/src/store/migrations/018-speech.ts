import type { Migration } from "../migrate.ts";

/** What an operator chose for the hub's own voice. */
export const speech: Migration = {
  number: 18,
  name: "speech",
  sql: `
    CREATE TABLE speech_settings (
      name TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
  `,
};
