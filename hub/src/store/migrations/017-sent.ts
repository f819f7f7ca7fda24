import type { Migration } from "../migrate.ts";

/** What was sent under which key, for five minutes: the same key gives the same outcome. */
export const sent: Migration = {
  number: 17,
  name: "sent",
  sql: `
    CREATE TABLE sent (
      key TEXT PRIMARY KEY,
      at INTEGER NOT NULL,
      request TEXT NOT NULL,
      outcome TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sent_at ON sent (at);
  `,
};
