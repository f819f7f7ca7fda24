import type { Migration } from "../migrate.ts";

/**
 * Messages themselves are beads; here is what a bead has no member for. `mail_overseer`: what people are to see in the
 * inbox, with its place there once it is in it. `mail_seen`: what others than the addressee did with a message.
 * `escalations.due_at`: when it is told again unless somebody acknowledges it; `escalation_sends`: what is yet to be told.
 */
export const mail: Migration = {
  number: 36,
  name: "mail",
  sql: `
    CREATE TABLE mail_overseer (message TEXT PRIMARY KEY, inbox_id TEXT) STRICT, WITHOUT ROWID;
    CREATE INDEX mail_overseer_open ON mail_overseer (message) WHERE inbox_id IS NULL;
    CREATE TABLE mail_seen (
      message TEXT NOT NULL,
      who TEXT NOT NULL,
      seen_at INTEGER,
      acked_at INTEGER,
      archived_at INTEGER,
      PRIMARY KEY (message, who)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mail_groups (
      name TEXT PRIMARY KEY,
      members TEXT NOT NULL,
      made_by TEXT NOT NULL,
      made_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mail_queues (
      name TEXT PRIMARY KEY,
      workers TEXT NOT NULL,
      max_claims INTEGER NOT NULL,
      paused INTEGER NOT NULL DEFAULT 0,
      made_by TEXT NOT NULL,
      made_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mail_channels (
      name TEXT PRIMARY KEY,
      keep_count INTEGER NOT NULL,
      keep_ms INTEGER NOT NULL,
      subscribers TEXT NOT NULL,
      closed INTEGER NOT NULL DEFAULT 0,
      made_by TEXT NOT NULL,
      made_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE nudges (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      recipient TEXT NOT NULL,
      sender TEXT NOT NULL,
      text TEXT NOT NULL,
      mode TEXT NOT NULL CHECK (mode IN ('wait-idle', 'queue', 'immediate')),
      priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'urgent')),
      kind TEXT NOT NULL CHECK (kind IN ('nudge', 'mail')),
      forced INTEGER NOT NULL,
      at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX nudges_recipient ON nudges (recipient, seq);
    CREATE TABLE notification_levels (
      address TEXT PRIMARY KEY,
      level TEXT NOT NULL CHECK (level IN ('verbose', 'normal', 'muted')),
      before TEXT NOT NULL,
      at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE escalations (
      id TEXT PRIMARY KEY,
      severity TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
      original_severity TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('open', 'acked', 'closed')),
      subject TEXT NOT NULL,
      reason TEXT NOT NULL,
      source TEXT NOT NULL,
      related TEXT,
      cause TEXT,
      occurrences INTEGER NOT NULL DEFAULT 1,
      raised_by TEXT NOT NULL,
      raised_at INTEGER NOT NULL,
      told_at INTEGER NOT NULL,
      acked_by TEXT,
      acked_at INTEGER,
      closed_by TEXT,
      closed_at INTEGER,
      closed_reason TEXT,
      reraised INTEGER NOT NULL DEFAULT 0,
      reraised_at INTEGER,
      reraised_by TEXT,
      due_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX escalations_due ON escalations (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX escalations_cause ON escalations (cause, raised_at) WHERE cause IS NOT NULL;
    CREATE TABLE escalation_sends (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      escalation TEXT NOT NULL,
      route TEXT NOT NULL,
      severity TEXT NOT NULL,
      at INTEGER NOT NULL,
      tries INTEGER NOT NULL DEFAULT 0,
      problem TEXT
    ) STRICT;
    CREATE TABLE emergency_stop (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      stopped INTEGER NOT NULL,
      since INTEGER NOT NULL,
      who TEXT NOT NULL,
      reason TEXT NOT NULL
    ) STRICT;
  `,
};
