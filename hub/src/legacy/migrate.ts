import { type BeadWriter, importLines, type Sql } from "../beads/index.ts";
import { type OldFile, readOldFiles } from "./files.ts";
import { type MigrationReport, planMigration } from "./plan.ts";

/** What a migration would do. */
export function previewMigration(sql: Sql, files: readonly OldFile[]): MigrationReport {
  let next = 0;
  return planMigration(sql, readOldFiles(files), ({ kind }) => `${PREFIX[kind]}-new${++next}`).report;
}

/** Takes older data in, all of it in the transaction of `writer`. Again: what came before is left as it is. */
export function migrate(writer: BeadWriter, files: readonly OldFile[]): MigrationReport {
  const plan = planMigration(writer.sql, readOldFiles(files), ({ kind, title }) =>
    writer.naming.next({ title, prefix: PREFIX[kind], idLength: kind === "convoy" ? 5 : 0 }),
  );
  importLines(writer, plan.lines);
  return { ...plan.report, dryRun: false };
}

const PREFIX = { bead: "hq", convoy: "hq-cv" } as const;
