import type { Migration } from "../migrate.ts";

/**
 * A session's row is what lists show; its transcript is kept by session id, which a reset changes. `archive` names the archive
 * that a message went to.
 */
export const sessions: Migration = {
  number: 10,
  name: "sessions",
  sql: `
    CREATE TABLE sessions (
      session_key TEXT PRIMARY KEY,
      agent_id TEXT NOT NULL,
      session_id TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('direct', 'group', 'global', 'unknown')),
      label TEXT UNIQUE,
      display_name TEXT,
      created_via TEXT NOT NULL,
      settings TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      interaction_at INTEGER,
      read_at INTEGER,
      unread_at INTEGER,
      pinned_at INTEGER,
      archived_at INTEGER,
      last_seq INTEGER NOT NULL DEFAULT 0,
      title TEXT,
      preview TEXT,
      input_tokens INTEGER NOT NULL DEFAULT 0,
      output_tokens INTEGER NOT NULL DEFAULT 0,
      total_tokens INTEGER NOT NULL DEFAULT 0,
      provider TEXT,
      model TEXT,
      run_id TEXT,
      run_status TEXT,
      run_error TEXT
    ) STRICT;
    CREATE INDEX sessions_updated ON sessions (updated_at);
    CREATE INDEX sessions_id ON sessions (session_id);
    CREATE TABLE transcript (
      session_key TEXT NOT NULL,
      session_id TEXT NOT NULL,
      seq INTEGER NOT NULL,
      message_id TEXT NOT NULL UNIQUE,
      run_id TEXT,
      role TEXT NOT NULL,
      message TEXT NOT NULL,
      at INTEGER NOT NULL,
      archive TEXT,
      PRIMARY KEY (session_key, session_id, seq)
    ) STRICT;
    CREATE INDEX transcript_archive ON transcript (archive) WHERE archive IS NOT NULL;
    CREATE TABLE session_archives (
      name TEXT PRIMARY KEY,
      session_key TEXT NOT NULL,
      session_id TEXT NOT NULL,
      reason TEXT NOT NULL,
      messages INTEGER NOT NULL,
      at INTEGER NOT NULL
    ) STRICT;
  `,
};
