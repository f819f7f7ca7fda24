import { writeFileSync } from "node:fs";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { ImportSummary } from "../../beads/index.ts";
import { example, type Session } from "../session.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { fileText } from "./values.ts";

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
      .option("--actor <who>", "in this name"),
    "barnacle bead import .beads/issues.jsonl",
  ).action(async (file: string, flags: { actor?: string }, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    const lines = fileText(file).split("\n");
    if (lines.at(-1) === "") lines.pop();
    let total: ImportSummary | undefined;
    let at = 0;
    for (const chunk of chunks(lines)) {
      const summary = await door.write<ImportSummary>("import", { lines: chunk }, flags.actor);
      total = added(total, summary, at);
      at += chunk.length;
    }
    const summary = total ?? EMPTY;
    session.out.print(summary, (style) =>
      [
        `${summary.created} created, ${summary.updated} updated, ${summary.unchanged} unchanged, ${summary.older.length} older than here`,
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
      .option("-o, --output <file>", "into a file"),
    "barnacle bead export -o issues.jsonl",
  ).action(async (flags: { output?: string }, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    const parts: string[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: { lines: string[]; next?: number } = await door.read("export", { after });
      const text = page.lines.map((line) => `${line}\n`).join("");
      if (flags.output === undefined) session.io.stdout.write(text);
      else parts.push(text);
      after = page.next;
    }
    if (flags.output === undefined) return;
    try {
      writeFileSync(flags.output, parts.join(""));
    } catch (error) {
      throw new BarnacleError("FILE_UNREADABLE", `${flags.output} cannot be written: ${messageOf(error)}`);
    }
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
