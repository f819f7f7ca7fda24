import type { Migration } from "../migrate.ts";

/**
 * What nodes are wanted to be, layer over layer, and what they say they are; groups of nodes; jobs that change many nodes
 * one stage after another, with what came of each.
 */
export const fleet: Migration = {
  number: 26,
  name: "fleet",
  sql: `
    CREATE TABLE config_layers (
      scope TEXT NOT NULL,
      version INTEGER NOT NULL,
      config TEXT NOT NULL,
      changed_at INTEGER NOT NULL,
      changed_by TEXT NOT NULL,
      PRIMARY KEY (scope, version)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE node_actual (
      device_id TEXT PRIMARY KEY REFERENCES devices (device_id) ON DELETE CASCADE,
      body TEXT NOT NULL,
      at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE node_groups (
      name TEXT NOT NULL,
      device_id TEXT NOT NULL REFERENCES devices (device_id) ON DELETE CASCADE,
      PRIMARY KEY (name, device_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE fleet_jobs (
      job_id TEXT PRIMARY KEY,
      status TEXT NOT NULL CHECK (status IN ('running', 'done', 'stopped', 'cancelled')),
      spec TEXT NOT NULL,
      principal TEXT NOT NULL,
      reason TEXT,
      created_at INTEGER NOT NULL,
      finished_at INTEGER
    ) STRICT;
    CREATE INDEX fleet_jobs_newest ON fleet_jobs (created_at);
    CREATE TABLE fleet_job_nodes (
      job_id TEXT NOT NULL REFERENCES fleet_jobs (job_id) ON DELETE CASCADE,
      device_id TEXT NOT NULL,
      stage INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('waiting', 'sent', 'proving', 'done', 'failed', 'reverted', 'skipped')),
      detail TEXT,
      before TEXT,
      started_at INTEGER,
      finished_at INTEGER,
      PRIMARY KEY (job_id, device_id)
    ) STRICT, WITHOUT ROWID;
  `,
};
