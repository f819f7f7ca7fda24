import type { Migration } from "../migrate.ts";

/**
 * `device_incarnations` outlives a removed device, so that a recorded MQTT CONNECT stays worthless after it pairs again.
 * `given_name` and `given_room` are the operator's and win over what the device says of itself.
 */
export const devices: Migration = {
  number: 1,
  name: "devices",
  sql: `
    CREATE TABLE devices (
      device_id TEXT PRIMARY KEY,
      public_key TEXT NOT NULL,
      own_name TEXT,
      given_name TEXT,
      own_room TEXT,
      given_room TEXT,
      roles TEXT NOT NULL,
      scopes TEXT NOT NULL,
      platform TEXT,
      client_id TEXT,
      client_mode TEXT,
      remote_ip TEXT,
      blocked INTEGER NOT NULL DEFAULT 0,
      created_at INTEGER NOT NULL,
      approved_at INTEGER NOT NULL,
      approved_by TEXT NOT NULL,
      last_seen INTEGER,
      manifest TEXT,
      approved_commands TEXT
    ) STRICT;
    CREATE TABLE device_incarnations (
      device_id TEXT PRIMARY KEY,
      incarnation INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE device_tokens (
      device_id TEXT NOT NULL REFERENCES devices (device_id) ON DELETE CASCADE,
      role TEXT NOT NULL,
      scopes TEXT NOT NULL,
      hash TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      rotated_at INTEGER,
      revoked_at INTEGER,
      last_used_at INTEGER,
      PRIMARY KEY (device_id, role)
    ) STRICT;
    CREATE TABLE device_telemetry (
      device_id TEXT PRIMARY KEY REFERENCES devices (device_id) ON DELETE CASCADE,
      at INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE pairing_requests (
      request_id TEXT PRIMARY KEY,
      device_id TEXT NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('pending', 'rejected')),
      ts INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE setup_codes (
      hash TEXT PRIMARY KEY,
      room TEXT,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      used_at INTEGER,
      used_by TEXT
    ) STRICT;
    CREATE TABLE pairing_failures (
      at INTEGER NOT NULL,
      device_id TEXT NOT NULL,
      remote_ip TEXT
    ) STRICT;
    CREATE INDEX pairing_failures_at ON pairing_failures (at);
  `,
};
