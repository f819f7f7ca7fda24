import { messageOf } from "@barnacle/protocol/errors";
import { type Json, object } from "./old.ts";
import { type Old, readOld } from "./shapes.ts";

/** A file of an older layout, as it is read where it lies. */
export interface OldFile {
  readonly name: string;
  readonly text: string;
}

export interface OldProblem {
  readonly file: string;
  /** From 1; 0: the file as a whole. */
  readonly line: number;
  readonly problem: string;
}

export interface FileReport {
  readonly name: string;
  readonly beads: number;
  readonly convoys: number;
  readonly events: number;
}

/** Everything that files of older layouts hold. Of two records of one id in a file the later one counts: they were appended. */
export interface OldData {
  readonly records: readonly Old[];
  readonly files: readonly FileReport[];
  readonly problems: readonly OldProblem[];
}

export function readOldFiles(files: readonly OldFile[]): OldData {
  const records = new Map<string, Old>();
  const problems: OldProblem[] = [];
  const reports = files.map(({ name, text }) => {
    const mine = new Map<string, Old>();
    for (const { value, line } of valuesOf(text, name.endsWith(".json"), (line, problem) =>
      problems.push({ file: name, line, problem }),
    )) {
      try {
        const old = readOld(value);
        mine.set(`${old.kind} ${old.id}`, old);
      } catch (error) {
        problems.push({ file: name, line, problem: messageOf(error) });
      }
    }
    for (const [key, old] of mine) if (!records.has(key)) records.set(key, old);
    const count = (kind: Old["kind"]) => [...mine.values()].filter((old) => old.kind === kind).length;
    return { name, beads: count("bead"), convoys: count("convoy"), events: count("event") };
  });
  return { records: [...records.values()], files: reports, problems };
}

/** JSON lines; or one JSON value: a list, a map by id, or an object with such under `convoys` or `beads`. */
function* valuesOf(
  text: string,
  whole: boolean,
  wrong: (line: number, problem: string) => void,
): Generator<{ readonly value: Json; readonly line: number }> {
  if (!whole) {
    for (const [i, line] of text.split("\n").entries()) {
      if (line.trim() === "") continue;
      const value = parsed(line, (problem) => wrong(i + 1, problem));
      if (value !== undefined) yield { value: object(value), line: i + 1 };
    }
    return;
  }
  const value = parsed(text, (problem) => wrong(0, problem));
  const lists = Array.isArray(value) ? [value] : [object(value).convoys, object(value).beads];
  const found = lists.every((list) => list === undefined) ? [value] : lists;
  for (const list of found) {
    const items: unknown[] = Array.isArray(list) ? list : Object.values(object(list));
    for (const [i, item] of items.entries()) yield { value: object(item), line: i + 1 };
  }
}

function parsed(text: string, wrong: (problem: string) => void): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    wrong(`not JSON: ${messageOf(error)}`);
    return undefined;
  }
}
