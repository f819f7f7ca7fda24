import type { Migration } from "../migrate.ts";

/**
 * The merge queue. A request is a bead; its row here keeps it findable by rig, branch and commit, and its last state final.
 * `merge_runs` is the journal: what the refinery was at when it was killed. `merges` is the evidence, never deleted.
 */
export const refinery: Migration = {
  number: 38,
  name: "refinery",
  sql: `
    CREATE TABLE merge_requests (
      id TEXT PRIMARY KEY,
      rig TEXT NOT NULL,
      branch TEXT NOT NULL,
      commit_sha TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('open', 'in_progress', 'closed')),
      rework INTEGER NOT NULL DEFAULT 0,
      claimed_at INTEGER,
      run INTEGER,
      UNIQUE (rig, branch, commit_sha)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX merge_requests_left ON merge_requests (rig) WHERE state != 'closed';
    CREATE TABLE merge_runs (
      run INTEGER PRIMARY KEY AUTOINCREMENT,
      rig TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('merge', 'rollback', 'land')),
      stage TEXT NOT NULL CHECK (stage IN ('queued', 'testing', 'pushing', 'recorded', 'done')),
      who TEXT NOT NULL,
      target TEXT NOT NULL,
      ask TEXT NOT NULL,
      base TEXT,
      tip TEXT,
      plan TEXT,
      gate TEXT,
      log TEXT,
      outcome TEXT,
      detail TEXT,
      queued_at INTEGER NOT NULL,
      started_at INTEGER,
      finished_at INTEGER
    ) STRICT;
    CREATE INDEX merge_runs_left ON merge_runs (rig, run) WHERE stage != 'done';
    CREATE INDEX merge_runs_rig ON merge_runs (rig, run);
    CREATE TABLE merges (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      run INTEGER NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('merge', 'land')),
      request TEXT,
      rig TEXT NOT NULL,
      target TEXT NOT NULL,
      branch TEXT NOT NULL,
      source TEXT,
      worker TEXT,
      commit_sha TEXT NOT NULL,
      base TEXT NOT NULL,
      merge_commit TEXT NOT NULL,
      tested TEXT NOT NULL,
      commits TEXT NOT NULL,
      gates TEXT NOT NULL,
      log TEXT,
      at INTEGER NOT NULL,
      who TEXT NOT NULL,
      rolled_back TEXT,
      rolled_back_at INTEGER,
      rolled_back_by TEXT
    ) STRICT;
    CREATE INDEX merges_request ON merges (request);
    CREATE INDEX merges_source ON merges (source);
    CREATE INDEX merges_rig ON merges (rig, seq);
    CREATE INDEX merges_commit ON merges (merge_commit);
    CREATE TABLE refineries (
      rig TEXT PRIMARY KEY,
      stopped INTEGER NOT NULL DEFAULT 0,
      by TEXT,
      since INTEGER,
      blocked TEXT,
      blocked_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE integration_branches (
      rig TEXT NOT NULL,
      branch TEXT NOT NULL,
      epic TEXT NOT NULL,
      base TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      landed TEXT,
      landed_at INTEGER,
      PRIMARY KEY (rig, branch)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX integration_branches_epic ON integration_branches (epic);
  `,
};
