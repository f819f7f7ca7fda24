import type { Migration } from "../migrate.ts";

/**
 * What a device says it is, since a change of it needs a new approval; and the setup codes for gateway clients, of whose
 * bootstrap tokens only hashes are kept.
 */
export const deviceSetups: Migration = {
  number: 8,
  name: "device-setups",
  sql: `
    ALTER TABLE devices ADD COLUMN device_family TEXT;
    CREATE TABLE device_setups (
      setup_id TEXT PRIMARY KEY,
      hash TEXT NOT NULL UNIQUE,
      profile TEXT NOT NULL CHECK (profile IN ('full', 'limited', 'node', 'voice-node')),
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      used_at INTEGER,
      used_by TEXT
    ) STRICT;
  `,
};
