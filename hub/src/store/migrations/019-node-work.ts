import type { Migration } from "../migrate.ts";

/** Work that waits for a native node to fetch it; one of each kind per node. */
export const nodeWork: Migration = {
  number: 19,
  name: "node-work",
  sql: `
    CREATE TABLE node_work (
      work_id TEXT PRIMARY KEY,
      node_id TEXT NOT NULL,
      type TEXT NOT NULL,
      priority TEXT NOT NULL CHECK (priority IN ('normal', 'high')),
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      UNIQUE (node_id, type)
    ) STRICT;
  `,
};
