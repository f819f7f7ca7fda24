import type { Migration } from "../migrate.ts";

/**
 * Roles that run: which are wanted; what waits to be given to a worker, and how often it was given; what the witness saw
 * and did about it; the last look of the supervisor; who is mayor, and the goals of the mayor with the beads they became.
 */
export const roles: Migration = {
  number: 37,
  name: "roles",
  sql: `
    CREATE TABLE role_wishes (
      role TEXT NOT NULL,
      scope TEXT NOT NULL,
      wanted TEXT NOT NULL CHECK (wanted IN ('running', 'stopped')),
      who TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (role, scope)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE schedule_entries (
      bead TEXT PRIMARY KEY,
      rig TEXT NOT NULL,
      target TEXT NOT NULL,
      priority INTEGER NOT NULL,
      args TEXT,
      who TEXT NOT NULL,
      queued_at INTEGER NOT NULL,
      not_before INTEGER NOT NULL,
      failures INTEGER NOT NULL,
      broken INTEGER NOT NULL,
      problem TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE schedule_dispatches (
      bead TEXT PRIMARY KEY,
      times INTEGER NOT NULL,
      agent TEXT NOT NULL,
      at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX schedule_dispatches_at ON schedule_dispatches (at);
    CREATE TABLE schedule_state (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      paused INTEGER NOT NULL,
      paused_by TEXT,
      paused_at INTEGER
    ) STRICT;
    CREATE TABLE witness_causes (
      rig TEXT NOT NULL,
      cause TEXT NOT NULL,
      kind TEXT NOT NULL,
      agent TEXT,
      bead TEXT,
      text TEXT NOT NULL,
      present INTEGER NOT NULL,
      step INTEGER NOT NULL,
      acted INTEGER NOT NULL,
      step_at INTEGER NOT NULL,
      first_at INTEGER NOT NULL,
      alerted_at INTEGER NOT NULL,
      alerts INTEGER NOT NULL,
      PRIMARY KEY (rig, cause)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE witness_alerts (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      rig TEXT NOT NULL,
      cause TEXT NOT NULL,
      kind TEXT NOT NULL,
      agent TEXT,
      bead TEXT,
      text TEXT NOT NULL,
      at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE witness_reports (
      rig TEXT PRIMARY KEY,
      at INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE supervisor_beats (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      at INTEGER NOT NULL,
      beats INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE mayor_leases (
      workspace TEXT PRIMARY KEY,
      holder TEXT NOT NULL,
      process TEXT NOT NULL,
      taken_at INTEGER NOT NULL,
      beaten_at INTEGER NOT NULL,
      until INTEGER NOT NULL,
      term INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mayor_goals (
      id TEXT PRIMARY KEY,
      workspace TEXT NOT NULL,
      title TEXT NOT NULL,
      asked_by TEXT NOT NULL,
      convoy TEXT,
      state TEXT NOT NULL CHECK (state IN ('planned', 'running', 'done', 'cancelled')),
      spec TEXT NOT NULL,
      stuck TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      finished_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX mayor_goals_open ON mayor_goals (created_at) WHERE state IN ('planned', 'running');
    CREATE TABLE mayor_goal_beads (
      goal TEXT NOT NULL,
      n INTEGER NOT NULL,
      bead TEXT NOT NULL,
      rig TEXT NOT NULL,
      PRIMARY KEY (goal, n)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX mayor_goal_beads_bead ON mayor_goal_beads (bead);
  `,
};
