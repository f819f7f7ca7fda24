import type { Migration } from "../migrate.ts";

/**
 * A convoy is a bead; these are what no bead has. `convoy_landings`: each time one was closed, with its evidence.
 * `convoy_nudges`: to be told, written with the landing, done once told. `convoy_feeds`: the last time a bead was handed out.
 */
export const convoys: Migration = {
  number: 32,
  name: "convoys",
  sql: `
    CREATE INDEX beads_convoys ON beads (status, seq) WHERE issue_type = 'convoy';
    CREATE TABLE convoy_landings (
      convoy TEXT NOT NULL,
      number INTEGER NOT NULL,
      at INTEGER NOT NULL,
      who TEXT NOT NULL,
      reason TEXT NOT NULL,
      forced INTEGER NOT NULL,
      evidence TEXT NOT NULL,
      PRIMARY KEY (convoy, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE convoy_nudges (
      seq INTEGER PRIMARY KEY,
      convoy TEXT NOT NULL,
      recipient TEXT NOT NULL,
      text TEXT NOT NULL,
      at INTEGER NOT NULL,
      done_at INTEGER
    ) STRICT;
    CREATE INDEX convoy_nudges_waiting ON convoy_nudges (seq) WHERE done_at IS NULL;
    CREATE TABLE convoy_feeds (
      convoy TEXT NOT NULL,
      bead TEXT NOT NULL,
      at INTEGER NOT NULL,
      agent TEXT,
      problem TEXT,
      PRIMARY KEY (convoy, bead)
    ) STRICT, WITHOUT ROWID;
  `,
};
