import type { Migration } from "../migrate.ts";

/** Commands that wait for a person's yes or got an answer, and the standing permissions that came of `allow-always`. */
export const approvals: Migration = {
  number: 13,
  name: "approvals",
  sql: `
    CREATE TABLE approvals (
      id TEXT PRIMARY KEY,
      origin TEXT NOT NULL CHECK (origin IN ('client', 'policy')),
      status TEXT NOT NULL CHECK (status IN ('pending', 'allowed', 'denied', 'expired', 'cancelled')),
      decision TEXT CHECK (decision IN ('allow-once', 'allow-always', 'deny')),
      reason TEXT,
      request TEXT NOT NULL,
      bound TEXT NOT NULL,
      digest TEXT NOT NULL,
      requested_by TEXT NOT NULL,
      resolver TEXT,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      resolved_at INTEGER,
      used_at INTEGER
    ) STRICT;
    CREATE INDEX approvals_pending ON approvals (expires_at) WHERE status = 'pending';
    CREATE INDEX approvals_resolved ON approvals (resolved_at, id) WHERE status <> 'pending';
    CREATE TABLE approval_grants (
      grant_id TEXT PRIMARY KEY,
      approval_id TEXT NOT NULL,
      digest TEXT NOT NULL,
      node_id TEXT NOT NULL,
      command_text TEXT NOT NULL,
      cwd TEXT,
      agent_id TEXT,
      requested_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      revoked_at INTEGER,
      revoked_by TEXT,
      last_used_at INTEGER,
      use_count INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX approval_grants_digest ON approval_grants (digest) WHERE revoked_at IS NULL;
  `,
};
