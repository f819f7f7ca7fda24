import type { Migration } from "../migrate.ts";

/** A run is here before it is acknowledged; one without an outcome was under way when the hub ended. */
export const agentRuns: Migration = {
  number: 11,
  name: "agent-runs",
  sql: `
    CREATE TABLE agent_runs (
      run_id TEXT PRIMARY KEY,
      session_key TEXT NOT NULL,
      session_id TEXT NOT NULL,
      request TEXT NOT NULL,
      begun INTEGER NOT NULL,
      accepted_at INTEGER NOT NULL,
      outcome TEXT,
      ended_at INTEGER
    ) STRICT;
    CREATE INDEX agent_runs_open ON agent_runs (accepted_at) WHERE outcome IS NULL;
    CREATE INDEX agent_runs_ended ON agent_runs (ended_at) WHERE outcome IS NOT NULL;
  `,
};
