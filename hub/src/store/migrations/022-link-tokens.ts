import type { Migration } from "../migrate.ts";

/**
 * Tokens that our own nodes connect with over MQTT, as hashes. `next_hash` was told and not used yet; `wanted_at` is set
 * while a new one is to be told. A row that is revoked keeps the device out until it has been let in anew.
 */
export const linkTokens: Migration = {
  number: 22,
  name: "link-tokens",
  sql: `
    CREATE TABLE link_tokens (
      device_id TEXT PRIMARY KEY REFERENCES devices (device_id) ON DELETE CASCADE,
      hash TEXT,
      since INTEGER,
      next_hash TEXT,
      wanted_at INTEGER,
      revoked_at INTEGER
    ) STRICT;
  `,
};
