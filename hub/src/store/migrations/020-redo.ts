import type { Migration } from "../migrate.ts";

/** The number of the newest record of the redo log whose rows are in the database. */
export const redo: Migration = {
  number: 20,
  name: "redo",
  sql: `
    CREATE TABLE redo (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      seq INTEGER NOT NULL
    ) STRICT;
    INSERT INTO redo (id, seq) VALUES (1, 0);
  `,
};
