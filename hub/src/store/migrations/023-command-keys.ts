import type { Migration } from "../migrate.ts";

/** A routed command's key is looked for on every device. */
export const commandKeys: Migration = {
  number: 23,
  name: "command-keys",
  sql: "CREATE INDEX commands_key ON commands (idempotency_key, started_at);",
};
