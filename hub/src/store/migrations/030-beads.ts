import type { Migration } from "../migrate.ts";

/**
 * `line` is the bead as it stands in an issue file and is the truth; every other column follows from it, but for `direct`
 * (blockers of its own), `blocked` (its own or a parent's), `held_until` (its own deferral or a parent's) and the lease.
 * `seq` is the order in files; long texts stand last, so that the columns before them are read without them. A bead is ready by the partial index alone.
 */
export const beads: Migration = {
  number: 30,
  name: "beads",
  sql: `
    CREATE TABLE beads (
      seq INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      title TEXT NOT NULL,
      status TEXT NOT NULL,
      priority INTEGER NOT NULL,
      issue_type TEXT NOT NULL,
      assignee TEXT,
      owner TEXT,
      created_by TEXT,
      created_at INTEGER NOT NULL,
      created_sub INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      updated_sub INTEGER NOT NULL,
      closed_at INTEGER,
      due_at INTEGER,
      defer_until INTEGER,
      external_ref TEXT,
      ephemeral INTEGER NOT NULL,
      pinned INTEGER NOT NULL,
      failed INTEGER NOT NULL,
      comment_count INTEGER NOT NULL,
      hidden INTEGER NOT NULL,
      direct INTEGER NOT NULL DEFAULT 0,
      blocked INTEGER NOT NULL DEFAULT 0,
      held_until INTEGER NOT NULL DEFAULT 0,
      lease_until INTEGER,
      heartbeat_at INTEGER,
      line TEXT NOT NULL
    ) STRICT;
    CREATE INDEX beads_ready ON beads (priority, created_at DESC, created_sub DESC, id, held_until)
      WHERE status = 'open' AND blocked = 0 AND hidden = 0;
    CREATE INDEX beads_status ON beads (status, blocked);
    CREATE INDEX beads_assignee ON beads (assignee, status) WHERE assignee IS NOT NULL;
    CREATE INDEX beads_gates ON beads (id) WHERE issue_type = 'gate' AND status = 'open';
    CREATE INDEX beads_external ON beads (external_ref) WHERE external_ref IS NOT NULL;
    CREATE INDEX beads_lease ON beads (lease_until) WHERE lease_until IS NOT NULL;
    CREATE TABLE bead_edges (
      issue_id TEXT NOT NULL,
      target TEXT NOT NULL,
      kind TEXT NOT NULL,
      any_child INTEGER NOT NULL,
      blocking INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (issue_id, target, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX bead_edges_target ON bead_edges (target, kind);
    CREATE INDEX bead_edges_waits ON bead_edges (target) WHERE kind = 'waits-for';
    CREATE TABLE bead_labels (
      label TEXT NOT NULL,
      id TEXT NOT NULL,
      PRIMARY KEY (label, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX bead_labels_id ON bead_labels (id);
    CREATE TABLE bead_prefixes (prefix TEXT PRIMARY KEY, top INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE bead_children (parent TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE bead_keys (key TEXT PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE bead_other_lines (seq INTEGER PRIMARY KEY, line TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE bead_events (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL,
      at INTEGER NOT NULL,
      who TEXT NOT NULL,
      kind TEXT NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX bead_events_id ON bead_events (id, seq);
    CREATE TRIGGER bead_events_no_update BEFORE UPDATE ON bead_events
      BEGIN SELECT RAISE(ABORT, 'events of beads are append-only'); END;
    CREATE TRIGGER bead_events_no_delete BEFORE DELETE ON bead_events
      BEGIN SELECT RAISE(ABORT, 'events of beads are append-only'); END;
    CREATE VIRTUAL TABLE bead_text USING fts5 (
      title, body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
    );
  `,
};
