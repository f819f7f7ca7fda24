import { existsSync } from "node:fs";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { ImportSummary } from "../../beads/index.ts";
import { example, type Session } from "../session.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { fileText, writeWhole } from "./values.ts";

/** Lines in one call; each call is one transaction. */
const CHUNK = 5000;
/** Enough below what the gateway takes in one frame. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/** Issue files in and out, and many changes at once. */
export function addTransfer(parent: Command, open: (command: Command) => Session): void {
  example(
    parent
      .command("import <file>")
      .description("takes in an issue file (JSON lines), - for what is piped in; again: nothing changes")
      .option("--dry-run", "only say what would become of each line")
      .option("--actor <who>", "in this name"),
    "barnacle bead import .beads/issues.jsonl",
  ).action(async (file: string, flags: { actor?: string; dryRun?: boolean }, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    const lines = fileText(file).split("\n");
    if (lines.at(-1) === "") lines.pop();
    let total: ImportSummary | undefined;
    let at = 0;
    for (const chunk of chunks(lines)) {
      const summary = await door.write<ImportSummary>(
        "import",
        { lines: chunk, dryRun: flags.dryRun === true },
        flags.actor,
      );
      total = added(total, summary, at);
      at += chunk.length;
    }
    const summary = total ?? EMPTY;
    session.out.print(summary, (style) =>
      [
        `${summary.created} created, ${summary.updated} updated, ${summary.unchanged} unchanged, ${summary.older.length} older than here`,
        ...(summary.older.length > 0 ? [style.dim(`left as they are here: ${firstOf(summary.older)}`)] : []),
        ...(summary.dangling > 0 ? [style.dim(`${summary.dangling} dependencies end at beads that are not here`)] : []),
        ...summary.problems.map(({ line, problem }) => style.red(`line ${line}: ${problem}`)),
      ].join("\n"),
    );
    if (summary.problems.length > 0) session.fail();
  });
  example(
    parent
      .command("export")
      .description("all beads as an issue file (JSON lines), unchanged ones byte for byte as they came")
      .option("-o, --output <file>", "into a file; one that holds what is not here is refused")
      .option("-f, --force", "write it all the same"),
    "barnacle bead export -o issues.jsonl",
  ).action(async (flags: { output?: string; force?: boolean }, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    if (flags.output !== undefined && !flags.force) await refuseUnread(door, flags.output);
    const parts: string[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: { lines: string[]; next?: number } = await door.read("export", { after });
      const text = page.lines.map((line) => `${line}\n`).join("");
      if (flags.output === undefined) session.io.stdout.write(text);
      else parts.push(text);
      after = page.next;
    }
    if (flags.output !== undefined) writeWhole(flags.output, parts.join(""));
  });
  example(
    parent
      .command("merge <base> <left> <right>")
      .description(
        "three versions of an issue file become one, the same whichever is called left: a merge driver for git",
      )
      .option("-o, --output <file>", "into this file (default: left), - for standard output"),
    "barnacle bead merge base.jsonl ours.jsonl theirs.jsonl",
    'git config merge.beads.driver "barnacle bead merge %O %A %B"',
    'echo "issues.jsonl merge=beads" >> .gitattributes',
  ).action(async (base: string, left: string, right: string, flags: { output?: string }, command: Command) => {
    const session = open(command);
    const { mergeFiles } = await import("../../beads/merge/files.ts");
    const { lines, both, collisions } = mergeFiles(fileText(base), fileText(left), fileText(right), Date.now());
    const text = lines.map((line) => `${line}\n`).join("");
    const output = flags.output ?? left;
    if (output === "-") {
      session.io.stdout.write(text);
      return;
    }
    writeWhole(output, text);
    const { out } = session;
    for (const id of collisions) out.note(`${id} was given twice; the words of the later bead are in its notes`);
    out.print({ lines: lines.length, both, collisions }, () => `${lines.length} lines, ${both.length} changed by both`);
  });
  named(parent, "repair", "computes anew what blocks what", "barnacle bead repair").action(
    async (_flags: object, command: Command) => {
      const session = open(command);
      const { repaired } = await new WorkDoor(session).write<{ repaired: number }>("repair", {});
      session.out.print({ repaired }, () => (repaired === 0 ? "nothing was wrong" : `${repaired} beads repaired`));
    },
  );
  example(
    parent
      .command("batch [file]")
      .description(
        "many changes, all or nothing: lines of create, update, close, dep add, dep remove; piped in without a file",
      ),
    "barnacle bead batch changes.txt",
  ).action(async (file: string | undefined, _flags: object, command: Command) => {
    const session = open(command);
    const lines = fileText(file ?? "-").split("\n");
    const summary = await new WorkDoor(session).write<{ done: { op: string; id: string }[] }>("batch", { lines });
    session.out.print(summary, () => summary.done.map(({ op, id }) => `${op} ${id}`).join("\n"));
  });
}

const SHOWN = 10;

function firstOf(ids: readonly string[]): string {
  return `${ids.slice(0, SHOWN).join(" ")}${ids.length > SHOWN ? " …" : ""}`;
}

/** A file is not written anew while it holds what nobody took in. @throws CONFLICT */
async function refuseUnread(door: WorkDoor, file: string): Promise<void> {
  if (!existsSync(file)) return;
  const unread: string[] = [];
  for (const lines of chunks(fileText(file).split("\n"))) {
    unread.push(...(await door.read<{ unread: string[] }>("unread", { lines })).unread);
  }
  if (unread.length === 0) return;
  const count = unread.length === 1 ? "a line that is" : `${unread.length} lines that are`;
  throw new BarnacleError("CONFLICT", `${file} holds ${count} not here: ${firstOf(unread)}`, {
    hint: `Take them in first: barnacle bead import ${file}; or write it all the same: --force`,
  });
}

const EMPTY: ImportSummary = {
  ...{ lines: 0, created: 0, updated: 0, unchanged: 0, other: 0, dangling: 0 },
  ...{ older: [], repaired: [], problems: [] },
};

function* chunks(lines: readonly string[]): Generator<string[]> {
  let chunk: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    if (chunk.length > 0 && (chunk.length >= CHUNK || bytes + line.length > CHUNK_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(line);
    bytes += line.length;
  }
  if (chunk.length > 0) yield chunk;
}

function added(total: ImportSummary = EMPTY, more: ImportSummary, before: number): ImportSummary {
  return {
    lines: total.lines + more.lines,
    created: total.created + more.created,
    updated: total.updated + more.updated,
    unchanged: total.unchanged + more.unchanged,
    other: total.other + more.other,
    dangling: total.dangling + more.dangling,
    older: [...total.older, ...more.older],
    repaired: [...total.repaired, ...more.repaired],
    problems: [...total.problems, ...more.problems.map(({ line, problem }) => ({ line: line + before, problem }))],
  };
}
