import type { Migration } from "../migrate.ts";

/**
 * `token` names the temporary directory of a rig that is being added or removed, so that a start finds what a crash left.
 * `settings` holds what was set; defaults stay in the code. `url` never holds a secret. A worktree lies at its agent's
 * address below the workspace.
 */
export const rigs: Migration = {
  number: 33,
  name: "rigs",
  sql: `
    CREATE TABLE workspaces (
      name TEXT PRIMARY KEY,
      path TEXT NOT NULL UNIQUE,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rigs (
      name TEXT PRIMARY KEY,
      workspace TEXT NOT NULL REFERENCES workspaces (name),
      prefix TEXT NOT NULL UNIQUE,
      url TEXT NOT NULL,
      default_branch TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('adding', 'active', 'parked', 'docked', 'removing')),
      token TEXT,
      settings TEXT NOT NULL DEFAULT '{}',
      added_at INTEGER NOT NULL,
      added_by TEXT NOT NULL,
      fetched_at INTEGER,
      fetch_problem TEXT,
      push_problem TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE worktrees (
      agent TEXT PRIMARY KEY,
      rig TEXT NOT NULL REFERENCES rigs (name),
      kind TEXT NOT NULL CHECK (kind IN ('polecat', 'crew', 'refinery')),
      path TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL CHECK (state IN ('making', 'ready', 'removing')),
      branch TEXT,
      base TEXT,
      bead TEXT,
      in_use INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      acquired_at INTEGER,
      released_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX worktrees_rig ON worktrees (rig);
    CREATE TABLE git_events (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      at INTEGER NOT NULL,
      rig TEXT NOT NULL,
      agent TEXT,
      hook TEXT NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX git_events_rig ON git_events (rig, seq);
  `,
};
