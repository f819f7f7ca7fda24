import { type BeadRecord, childNumber, OUT_OF_THE_WAY, topLevelPrefix } from "@barnacle/protocol/beads";
import type { Graph } from "./graph.ts";
import { bodyText, COLUMNS, type Edge, edgesOf, valuesOf } from "./projection.ts";
import type { WritableSql } from "./sql.ts";

const INSERT = `INSERT INTO beads (seq, id, line, ${COLUMNS.join(", ")}) VALUES (?, ?, ?, ${COLUMNS.map(() => "?").join(", ")})`;
const INSERT_SETTLED = `INSERT INTO beads (seq, id, line, direct, blocked, held_until, ${COLUMNS.join(", ")})
  VALUES (?, ?, ?, ?, ?, ?, ${COLUMNS.map(() => "?").join(", ")})`;
const DEFERRED = COLUMNS.indexOf("defer_until");
const INSERT_EDGE = "INSERT INTO bead_edges (issue_id, target, kind, any_child, blocking) VALUES (?, ?, ?, ?, ?)";
const REWRITE = `UPDATE beads SET line = ?, ${COLUMNS.map((column) => `${column} = ?`).join(", ")} WHERE id = ?`;

/** A bead as stored: its line, and the same read. */
export interface Stored {
  readonly seq: number;
  readonly line: string;
  readonly bead: BeadRecord;
}

/** The rows of beads and what follows from their lines. One is made for each transaction. */
export class BeadTable {
  readonly #sql: WritableSql;
  readonly #graph: Graph;
  /** The place of the next line, as far as it is known. */
  #next: number | undefined;
  readonly #prefixes = new Map<string, number>();

  constructor(sql: WritableSql, graph: Graph) {
    this.#sql = sql;
    this.#graph = graph;
  }

  get(id: string): Stored | undefined {
    const row = this.#sql.one("SELECT seq, line FROM beads WHERE id = ?", id);
    if (!row) return undefined;
    const line = String(row.line);
    return { seq: Number(row.seq), line, bead: JSON.parse(line) };
  }

  has(id: string): boolean {
    return this.#sql.one("SELECT 1 AS found FROM beads WHERE id = ?", id) !== undefined;
  }

  insert(line: string, bead: BeadRecord): void {
    const seq = this.#place();
    this.#sql.run(INSERT, seq, bead.id, line, ...valuesOf(bead));
    this.#addEdges(bead);
    this.#follow(seq, bead);
  }

  /** A new bead all of whose blockers are known. Its parents have not been looked at. */
  insertSettled(line: string, bead: BeadRecord, edges: readonly Edge[], blocks: (edge: Edge) => boolean): void {
    const seq = this.#place();
    const values = valuesOf(bead);
    let direct = 0;
    for (const edge of edges) {
      const blocking = blocks(edge);
      if (blocking) direct++;
      const { target, kind, anyChild } = edge;
      this.#sql.run(INSERT_EDGE, bead.id, target, kind, anyChild ? 1 : 0, blocking ? 1 : 0);
    }
    const blocked = direct > 0 && !OUT_OF_THE_WAY.includes(bead.status ?? "open") ? 1 : 0;
    this.#sql.run(INSERT_SETTLED, seq, bead.id, line, direct, blocked, values[DEFERRED] ?? 0, ...values);
    this.#follow(seq, bead);
  }

  /** What goes with a new row. */
  #follow(seq: number, bead: BeadRecord): void {
    const { id } = bead;
    this.#addLabels(bead);
    this.#sql.run("INSERT INTO bead_text (rowid, title, body) VALUES (?, ?, ?)", seq, bead.title, bodyText(bead));
    const prefix = topLevelPrefix(id);
    if (prefix !== undefined) this.#prefixes.set(prefix, (this.#prefixes.get(prefix) ?? 0) + 1);
    const child = childNumber(id);
    if (child) this.#raiseChildren(child.parent, child.number);
  }

  rewrite({ seq, bead: before }: Stored, line: string, bead: BeadRecord): void {
    this.#sql.run(REWRITE, line, ...valuesOf(bead), bead.id);
    if (JSON.stringify(before.dependencies) !== JSON.stringify(bead.dependencies)) {
      this.#sql.run("DELETE FROM bead_edges WHERE issue_id = ?", bead.id);
      this.#addEdges(bead);
    }
    if (JSON.stringify(before.labels) !== JSON.stringify(bead.labels)) {
      this.#sql.run("DELETE FROM bead_labels WHERE id = ?", bead.id);
      this.#addLabels(bead);
    }
    const text = bodyText(bead);
    if (before.title === bead.title && bodyText(before) === text) return;
    this.#sql.run("DELETE FROM bead_text WHERE rowid = ?", seq);
    this.#sql.run("INSERT INTO bead_text (rowid, title, body) VALUES (?, ?, ?)", seq, bead.title, text);
  }

  remove({ seq, bead: { id } }: Stored): void {
    this.#sql.run("DELETE FROM bead_text WHERE rowid = ?", seq);
    this.#sql.run("DELETE FROM bead_edges WHERE issue_id = ?", id);
    this.#sql.run("DELETE FROM bead_labels WHERE id = ?", id);
    this.#sql.run("DELETE FROM beads WHERE id = ?", id);
    const prefix = topLevelPrefix(id);
    if (prefix !== undefined) this.#prefixes.set(prefix, (this.#prefixes.get(prefix) ?? 0) - 1);
  }

  /** A line that is no bead is kept once, at its place. */
  keepOther(line: string): boolean {
    const seq = this.#place();
    const added = this.#sql.run(
      "INSERT INTO bead_other_lines (seq, line) VALUES (?, ?) ON CONFLICT (line) DO NOTHING",
      seq,
      line,
    );
    if (added === 0) this.#next = seq;
    return added > 0;
  }

  /** Writes what is counted on the way; to be called before the transaction ends. */
  flush(): void {
    for (const [prefix, more] of this.#prefixes) {
      this.#sql.run(
        "INSERT INTO bead_prefixes (prefix, top) VALUES (?, ?) ON CONFLICT (prefix) DO UPDATE SET top = top + excluded.top",
        ...[prefix, more],
      );
    }
    this.#prefixes.clear();
  }

  /** How many top-level ids have this prefix. */
  count(prefix: string): number {
    this.flush();
    return Number(this.#sql.one("SELECT top FROM bead_prefixes WHERE prefix = ?", prefix)?.top ?? 0);
  }

  /** The next number of a child; a number is not given out again after its bead is gone. */
  nextChild(parent: string): number {
    const row = this.#sql.one("SELECT last FROM bead_children WHERE parent = ?", parent);
    return Number(row?.last ?? 0) + 1;
  }

  #raiseChildren(parent: string, number: number): void {
    this.#sql.run(
      "INSERT INTO bead_children (parent, last) VALUES (?, ?) ON CONFLICT (parent) DO UPDATE SET last = max(last, excluded.last)",
      parent,
      number,
    );
  }

  #place(): number {
    const seq =
      this.#next ??
      Number(
        this.#sql.one(
          "SELECT 1 + max(ifnull((SELECT max(seq) FROM beads), 0), ifnull((SELECT max(seq) FROM bead_other_lines), 0)) AS next",
        )?.next,
      );
    this.#next = seq + 1;
    return seq;
  }

  #addEdges(bead: BeadRecord): void {
    for (const edge of edgesOf(bead)) this.#graph.addEdge(bead.id, edge);
  }

  #addLabels(bead: BeadRecord): void {
    for (const label of bead.labels ?? []) {
      this.#sql.run("INSERT INTO bead_labels (label, id) VALUES (?, ?) ON CONFLICT DO NOTHING", label, bead.id);
    }
  }
}
