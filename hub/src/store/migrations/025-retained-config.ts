import type { Migration } from "../migrate.ts";

/** What the household wants of a node is sent after its birth and kept no more: with thousands of nodes it was the same text thousands of times. */
export const retainedConfig: Migration = {
  number: 25,
  name: "retained-config",
  sql: "DELETE FROM retained WHERE topic LIKE '%/config';",
};
