import type { Migration } from "../migrate.ts";

/** Until when ephemeral molecules are kept; everything else of a molecule is on its beads. */
export const formulas: Migration = {
  number: 39,
  name: "formulas",
  sql: `
    CREATE TABLE formula_wisps (
      id TEXT PRIMARY KEY,
      class TEXT NOT NULL,
      attached_to TEXT,
      expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX formula_wisps_expires ON formula_wisps (expires_at);
  `,
};
