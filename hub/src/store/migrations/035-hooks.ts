import type { Migration } from "../migrate.ts";

/** What hangs on whose hook, in the order in which it was hung; the first is what is worked on. `hook_ends`: what became of it. */
export const hooks: Migration = {
  number: 35,
  name: "hooks",
  sql: `
    CREATE TABLE hooks (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      bead TEXT NOT NULL UNIQUE,
      address TEXT NOT NULL,
      hooked_at INTEGER NOT NULL,
      hooked_by TEXT NOT NULL,
      convoy TEXT,
      options TEXT NOT NULL
    ) STRICT;
    CREATE INDEX hooks_of ON hooks (address, seq);
    CREATE TABLE hook_ends (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      bead TEXT NOT NULL,
      address TEXT NOT NULL,
      at INTEGER NOT NULL,
      exit TEXT NOT NULL,
      summary TEXT,
      branch TEXT,
      commit_sha TEXT,
      merge_request TEXT
    ) STRICT;
    CREATE INDEX hook_ends_of ON hook_ends (bead, seq);
  `,
};
