import { readdirSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { MigrationReport, OldFile } from "../../legacy/index.ts";
import type { Style } from "../output.ts";
import { example, type Session } from "../session.ts";
import { oneLine } from "../table.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { fileText } from "./values.ts";

const SHOWN = 20;

/** Data of older stores in. */
export function addConvoyMigrate(parent: Command, open: (command: Command) => Session): void {
  example(
    parent
      .command("migrate <directory>")
      .description(
        "takes in beads and convoys of older stores: beads.jsonl, events.jsonl, convoys.jsonl, a file for each convoy",
      )
      .option("--dry-run", "only say what would be done")
      .option("--actor <who>", "in this name"),
    "barnacle convoy migrate .gt/beads --dry-run",
  ).action(async (directory: string, flags: { dryRun?: boolean; actor?: string }, command: Command) => {
    const session = open(command);
    const files = filesIn(directory);
    const door = new WorkDoor(session);
    const report = flags.dryRun
      ? await door.read<MigrationReport>("convoys.preview", { files })
      : await door.write<MigrationReport>("convoys.migrate", defined({ files }), flags.actor);
    session.out.print(report, (style) => reportText(report, style));
    if (report.problems.length > 0) session.fail();
  });
}

/** Beads come before what tracks them. @throws FILE_UNREADABLE, NOT_FOUND */
function filesIn(directory: string): OldFile[] {
  let names: string[];
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.jsonl$|^(?:beads|convoys)\.json$/.test(entry.name))
      .map((entry) => entry.name)
      .sort((a, b) => Number(b.startsWith("beads.")) - Number(a.startsWith("beads.")) || a.localeCompare(b));
  } catch (error) {
    throw new BarnacleError("FILE_UNREADABLE", `${directory} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (names.length > 0) return names.map((name) => ({ name, text: fileText(path.join(directory, name)) }));
  throw new BarnacleError("NOT_FOUND", `${directory} holds no files of an older store`, {
    hint: "Expected beads.jsonl, convoys.jsonl or <convoy>.jsonl; issue files go in with `barnacle bead import`.",
  });
}

function reportText(
  { files, migrated, known, renamed, dropped, problems, dryRun }: MigrationReport,
  style: Style,
): string {
  const would = dryRun ? "would be taken in" : "taken in";
  const count = (kind: string) => migrated.filter((one) => one.kind === kind).length;
  return [
    ...files.map(({ name, beads, convoys, events }) =>
      style.dim(`${name}: ${beads} beads, ${convoys} convoys, ${events} events`),
    ),
    `${count("bead")} beads and ${count("convoy")} convoys ${would}, ${known.length} are here since before`,
    ...migrated.slice(0, SHOWN).map(({ id, from, title, word, status }) => {
      const was = from === id ? "" : ` (was ${from})`;
      return `  ${id}${was}  ${word} → ${status}  ${oneLine(title)}`;
    }),
    ...(migrated.length > SHOWN ? [style.dim(`  … ${migrated.length - SHOWN} more (--json)`)] : []),
    ...renamed.map(({ id, from, why }) => style.yellow(`${from} is ${id} here: ${why}`)),
    ...dropped.map(({ id, on }) => style.yellow(`${id} no longer depends on ${on}: that closed a ring`)),
    ...problems.map(({ file, line, problem }) => style.red(`${file}${line > 0 ? `:${line}` : ""}: ${problem}`)),
  ].join("\n");
}
