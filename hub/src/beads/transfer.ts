import {
  type BeadRecord,
  compareInstants,
  instantText,
  parseInstant,
  parseLine,
  patchLine,
} from "@barnacle/protocol/beads";
import { messageOf } from "@barnacle/protocol/errors";
import { BulkInsert } from "./bulk.ts";
import type { Sql } from "./sql.ts";
import { type BeadWriter, raw } from "./writer.ts";

/**
 * What became of the lines, by rule:
 * - `created`: no bead had the id;
 * - `updated` (*newer wins*): the line's `updated_at` is later, or the same with other content;
 * - `unchanged` (*same*): byte for byte what is here;
 * - `older` (*older loses*): what is here was updated later; the line is left out;
 * - `repaired`: `closed_at` was added to a closed line without it, or taken from one that is not closed;
 * - `other`: lines that are no beads, kept at their place;
 * - `problems`: lines that cannot be read, left out.
 */
export interface ImportSummary {
  readonly lines: number;
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly older: readonly string[];
  readonly repaired: readonly string[];
  readonly other: number;
  readonly problems: readonly { readonly line: number; readonly problem: string }[];
  /** Edges whose other end is not here; they are kept and hold nothing back. */
  readonly dangling: number;
}

const PAGE = 500;
/** Lines that are looked up together. */
const GROUP = 5000;

/**
 * Takes the lines of an issue file in. Beads that are not among them stay. Importing a file again changes nothing.
 * @param dryRun only says what would become of them
 */
export function importLines(writer: BeadWriter, lines: Iterable<string>, dryRun = false): ImportSummary {
  const importer = new Importer(writer, dryRun);
  let group: string[] = [];
  for (const line of lines) {
    group.push(line);
    if (group.length < GROUP) continue;
    importer.take(group);
    group = [];
  }
  importer.take(group);
  return importer.finish();
}

class Importer {
  readonly #writer: BeadWriter;
  readonly #dryRun: boolean;
  readonly #bulk: BulkInsert;
  readonly #counts = { lines: 0, created: 0, updated: 0, unchanged: 0, other: 0 };
  readonly #older: string[] = [];
  readonly #repaired: string[] = [];
  readonly #problems: { line: number; problem: string }[] = [];
  readonly #came = new Set<string>();
  /** How many edges of what came end at each bead. */
  readonly #ends = new Map<string, number>();
  readonly #touched = new Set<string>();
  readonly #parents = new Set<string>();

  constructor(writer: BeadWriter, dryRun: boolean) {
    this.#writer = writer;
    this.#dryRun = dryRun;
    this.#bulk = new BulkInsert(writer);
  }

  take(lines: readonly string[]): void {
    const read = lines.map((given) => this.#read(given));
    const ids = read.flatMap((one) => (typeof one === "object" && one.parsed.id ? [one.parsed.id] : []));
    const here = new Set(this.#writer.graph.presentAmong(ids));
    for (const one of read) {
      if (one === undefined) continue;
      if (typeof one === "object") this.#takeBead(one.text, one.parsed, here);
      else if (this.#dryRun || this.#writer.table.keepOther(one)) this.#counts.other++;
      else this.#counts.unchanged++;
    }
    this.#bulk.flush();
  }

  finish(): ImportSummary {
    for (const id of this.#bulk.touched) this.#touched.add(id);
    this.#writer.graph.refresh(this.#touched, this.#parents);
    const elsewhere = [...this.#ends.keys()].filter((id) => !this.#came.has(id));
    const present = new Set(this.#writer.graph.presentAmong(elsewhere));
    const dangling = elsewhere.reduce((sum, id) => sum + (present.has(id) ? 0 : (this.#ends.get(id) ?? 0)), 0);
    const [older, repaired, problems] = [this.#older, this.#repaired, this.#problems];
    return { ...this.#counts, older, repaired, problems, dangling };
  }

  /** A text: a line that is no bead. */
  #read(given: string): { readonly text: string; readonly parsed: BeadRecord } | string | undefined {
    this.#counts.lines++;
    const text = given.charCodeAt(0) === 0xfeff ? given.slice(1) : given;
    if (text.trim() === "") return undefined;
    try {
      const parsed = parseLine(text);
      return parsed === "other" ? text : { text, parsed };
    } catch (error) {
      this.#problems.push({ line: this.#counts.lines, problem: messageOf(error) });
      return undefined;
    }
  }

  #takeBead(text: string, parsed: BeadRecord, here: Set<string>): void {
    // An id is made or a row looked at: those before must be there.
    if (!parsed.id || this.#bulk.has(parsed.id)) this.#bulk.flush();
    const { line, bead, fixed } = completed(text, parsed, this.#writer);
    const known = here.has(bead.id) ? this.#writer.table.get(bead.id) : undefined;
    if (known?.line === line) {
      this.#counts.unchanged++;
      return;
    }
    if (known && isOlder(bead, known.bead)) {
      this.#older.push(bead.id);
      return;
    }
    if (fixed) this.#repaired.push(bead.id);
    this.#came.add(bead.id);
    for (const { depends_on_id: end } of bead.dependencies ?? []) this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1);
    if (this.#dryRun) {
      if (known) this.#counts.updated++;
      else this.#counts.created++;
      return;
    }
    if (!known) {
      this.#counts.created++;
      here.add(bead.id);
      this.#bulk.add(line, bead);
      return;
    }
    this.#bulk.flush();
    this.#counts.updated++;
    for (const edge of known.bead.dependencies ?? []) this.#parents.add(edge.depends_on_id);
    this.#writer.put(line, bead, known);
    this.#touched.add(bead.id);
  }
}

function isOlder(incoming: BeadRecord, here: BeadRecord): boolean {
  const [a, b] = [parseInstant(incoming.updated_at ?? ""), parseInstant(here.updated_at ?? "")];
  return a !== undefined && b !== undefined && compareInstants(a, b) < 0;
}

/** What a line must have and may lack: an id, times, and `closed_at` if and only if it is closed. */
function completed(
  text: string,
  parsed: BeadRecord,
  writer: BeadWriter,
): { line: string; bead: BeadRecord; fixed: boolean } {
  const closed = parsed.status === "closed";
  const fixed = closed ? !parsed.closed_at : Boolean(parsed.closed_at);
  if (!fixed && parsed.id && parsed.created_at && parsed.updated_at) return { line: text, bead: parsed, fixed };
  const changes = new Map<string, string | null>();
  const at = instantText(writer.now);
  if (!parsed.id) changes.set("id", raw(writer.naming.next(parsed)));
  if (!parsed.created_at) changes.set("created_at", raw(at));
  if (!parsed.updated_at) changes.set("updated_at", raw(parsed.created_at || at));
  if (fixed) changes.set("closed_at", closed ? raw(parsed.updated_at || at) : null);
  const line = patchLine(text, changes);
  return { line, bead: JSON.parse(line), fixed };
}

/**
 * Which lines of a file hold something that is not here: an unknown bead, a newer or another version of one, a line that cannot
 * be read. Whoever writes the file anew would lose them.
 * @returns ids, or the beginnings of lines without one
 */
export function unreadLines(sql: Sql, lines: Iterable<string>): string[] {
  const unread: string[] = [];
  for (const line of lines) {
    if (line.trim() === "") continue;
    let parsed: BeadRecord | "other" | undefined;
    try {
      parsed = parseLine(line);
    } catch {
      parsed = undefined;
    }
    if (parsed === "other") {
      if (!sql.one("SELECT 1 AS found FROM bead_other_lines WHERE line = ?", line)) unread.push(line.slice(0, 60));
      continue;
    }
    const row = parsed?.id ? sql.one("SELECT line FROM beads WHERE id = ?", parsed.id) : undefined;
    const known = row === undefined ? undefined : String(row.line);
    if (known === line || (known !== undefined && parsed && isOlder(parsed, JSON.parse(known)))) continue;
    unread.push(parsed?.id || line.slice(0, 60));
  }
  return unread;
}

/** Every line in the order in which they came, without line ends. */
export function* exportLines(sql: Sql): Generator<string> {
  for (let after = 0; ; ) {
    const rows = sql.all(
      `SELECT seq, line FROM (SELECT * FROM (SELECT seq, line FROM beads WHERE seq > ?1 ORDER BY seq LIMIT ?2)
       UNION ALL SELECT * FROM (SELECT seq, line FROM bead_other_lines WHERE seq > ?1 ORDER BY seq LIMIT ?2))
       ORDER BY seq LIMIT ?2`,
      after,
      PAGE,
    );
    for (const row of rows) yield String(row.line);
    if (rows.length < PAGE) return;
    after = Number(rows.at(-1)?.seq);
  }
}
