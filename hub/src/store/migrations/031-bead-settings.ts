import type { Migration } from "../migrate.ts";

/** How beads are numbered, and words of people's own; `bead_words` follows from the settings `status.custom` and `types.custom`. */
export const beadSettings: Migration = {
  number: 31,
  name: "bead settings",
  sql: `
    CREATE TABLE bead_settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE bead_words (
      kind TEXT NOT NULL,
      word TEXT NOT NULL,
      category TEXT,
      PRIMARY KEY (kind, word)
    ) STRICT, WITHOUT ROWID;
  `,
};
