import type { Migration } from "../migrate.ts";

/** Whether a setup code lets in the commands too that run programs or read files: only an administrator's does. */
export const setupCodeReach: Migration = {
  number: 9,
  name: "setup-code-reach",
  sql: "ALTER TABLE setup_codes ADD COLUMN by_admin INTEGER NOT NULL DEFAULT 0 CHECK (by_admin IN (0, 1));",
};
