import {
  type BeadRecord,
  compareInstants,
  instantText,
  parseInstant,
  parseLine,
  patchLine,
} from "@barnacle/protocol/beads";
import { messageOf } from "@barnacle/protocol/errors";
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

/** Takes the lines of an issue file in. Beads that are not among them stay. Importing a file again changes nothing. */
export function importLines(writer: BeadWriter, lines: Iterable<string>): ImportSummary {
  const counts = { lines: 0, created: 0, updated: 0, unchanged: 0, other: 0 };
  const older: string[] = [];
  const repaired: string[] = [];
  const problems: { line: number; problem: string }[] = [];
  const touched = new Set<string>();
  const parents = new Set<string>();
  for (const given of lines) {
    counts.lines++;
    const text = given.charCodeAt(0) === 0xfeff ? given.slice(1) : given;
    if (text.trim() === "") continue;
    try {
      const parsed = parseLine(text);
      if (parsed === "other") {
        if (writer.table.keepOther(text)) counts.other++;
        else counts.unchanged++;
        continue;
      }
      const { line, bead, fixed } = completed(text, parsed, writer);
      const known = writer.table.get(bead.id);
      if (known?.line === line) {
        counts.unchanged++;
        continue;
      }
      if (known && isOlder(bead, known.bead)) {
        older.push(bead.id);
        continue;
      }
      if (fixed) repaired.push(bead.id);
      if (known) counts.updated++;
      else counts.created++;
      for (const edge of known?.bead.dependencies ?? []) parents.add(edge.depends_on_id);
      writer.put(line, bead, known);
      touched.add(bead.id);
    } catch (error) {
      problems.push({ line: counts.lines, problem: messageOf(error) });
    }
  }
  writer.graph.refresh(touched, parents);
  return { ...counts, older, repaired, problems, dangling: danglingAmong(writer.sql, touched) };
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
  if (!parsed.id) changes.set("id", raw(writer.freeIdFor(parsed)));
  if (!parsed.created_at) changes.set("created_at", raw(at));
  if (!parsed.updated_at) changes.set("updated_at", raw(parsed.created_at || at));
  if (fixed) changes.set("closed_at", closed ? raw(parsed.updated_at || at) : null);
  const line = patchLine(text, changes);
  return { line, bead: JSON.parse(line), fixed };
}

function danglingAmong(sql: Sql, ids: ReadonlySet<string>): number {
  const row = sql.one(
    `SELECT count(*) AS n FROM bead_edges WHERE issue_id IN (SELECT value FROM json_each(?))
     AND NOT EXISTS (SELECT 1 FROM beads WHERE id = target)`,
    JSON.stringify([...ids]),
  );
  return Number(row?.n);
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
