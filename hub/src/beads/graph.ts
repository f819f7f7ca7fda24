import { BLOCKING_KINDS, OUT_OF_THE_WAY, PARENT_CHILD } from "@barnacle/protocol/beads";
import type { Edge } from "./projection.ts";
import type { WritableSql } from "./sql.ts";

const DONE = OUT_OF_THE_WAY.map((status) => `'${status}'`).join(", ");
const BLOCKING = BLOCKING_KINDS.map((kind) => `'${kind}'`).join(", ");
/** The ids that a statement is about, given as one JSON array. */
const THESE = "(SELECT value FROM json_each(?1))";

/** Of an edge `e` of the kinds that look at their target alone. */
const TARGET_BLOCKS = `EXISTS (SELECT 1 FROM beads t WHERE t.id = e.target AND (t.status NOT IN (${DONE})
  OR (e.kind = 'conditional-blocks' AND t.status = 'closed' AND t.failed = 0)))`;

/** Of a `waits-for` edge `e`. */
const CHILDREN_BLOCK = `(EXISTS (SELECT 1 FROM beads t WHERE t.id = e.target)
  AND EXISTS (SELECT 1 FROM bead_edges c JOIN beads b ON b.id = c.issue_id
    WHERE c.target = e.target AND c.kind = '${PARENT_CHILD}' AND b.status NOT IN (${DONE}))
  AND NOT (e.any_child = 1 AND EXISTS (SELECT 1 FROM bead_edges c JOIN beads b ON b.id = c.issue_id
    WHERE c.target = e.target AND c.kind = '${PARENT_CHILD}' AND b.status = 'closed')))`;

const insertEdge = (blocking: string) =>
  `INSERT INTO bead_edges (issue_id, target, kind, any_child, blocking) VALUES (?1, ?2, ?3, ?4, ${blocking})
   ON CONFLICT DO NOTHING`;
const open = (more: string) => `EXISTS (SELECT 1 FROM beads t WHERE t.id = ?2 AND (t.status NOT IN (${DONE}) ${more}))`;
const INSERT_OTHER = insertEdge("0");
const INSERT: ReadonlyMap<string, string> = new Map([
  ["blocks", insertEdge(open(""))],
  ["conditional-blocks", insertEdge(open("OR (t.status = 'closed' AND t.failed = 0)"))],
]);

/**
 * Keeps `blocking` of edges, `direct`, `blocked` and `held_until` of beads in step with statuses and edges.
 *
 * The one definition: an edge blocks while
 * - `blocks`: its target is here and neither closed, pinned nor deleted;
 * - `conditional-blocks`: the same, or its target was closed without a reason that says failure;
 * - `waits-for`: a child of its target is neither closed, pinned nor deleted, unless one closed child is enough and there is one.
 *
 * A bead that is itself not out of the way is blocked when an edge of its own blocks, or when one of its parents is blocked.
 */
export class Graph {
  readonly #sql: WritableSql;

  constructor(sql: WritableSql) {
    this.#sql = sql;
  }

  /**
   * To be called for all beads that came, went, changed their status, deferral or edges.
   * @param parents what else lost or got a child
   * @returns the beads whose `blocked` changed
   */
  refresh(ids: Iterable<string>, parents: Iterable<string> = []): ReadonlySet<string> {
    const touched = new Set(ids);
    const these = list(touched);
    const sources = new Set(touched);
    for (const id of this.#judge(these, list(parents))) sources.add(id);
    const all = list(sources);
    this.#sql.run(
      `UPDATE beads SET direct = own FROM (SELECT value AS bead, (SELECT count(*) FROM bead_edges
         WHERE issue_id = value AND blocking = 1 AND kind IN (${BLOCKING})) AS own FROM json_each(?1))
       WHERE id = bead AND direct <> own`,
      all,
    );
    this.#hold(these);
    return this.#spread(all);
  }

  /** Of these, those at which edges end, and the beads whose edges those are. */
  waitingFor(ids: Iterable<string>): string[] {
    return this.#names(
      `SELECT target AS id FROM bead_edges WHERE target IN ${THESE} UNION
       SELECT issue_id FROM bead_edges WHERE target IN ${THESE}`,
      list(ids),
    );
  }

  presentAmong(ids: Iterable<string>): string[] {
    return this.#names(`SELECT id FROM beads WHERE id IN ${THESE}`, list(ids));
  }

  /** Those of these beads that hold back what depends on them. */
  openAmong(ids: Iterable<string>): string[] {
    return this.#names(`SELECT id FROM beads WHERE id IN ${THESE} AND status NOT IN (${DONE})`, list(ids));
  }

  /** Those of these that were closed without failing: what is conditional on their failure stays where it is. */
  succeededAmong(ids: Iterable<string>): string[] {
    return this.#names(`SELECT id FROM beads WHERE id IN ${THESE} AND status = 'closed' AND failed = 0`, list(ids));
  }

  /** One text for all of them is cheaper than a row each. */
  #names(sql: string, these: string): string[] {
    return JSON.parse(String(this.#sql.one(`SELECT json_group_array(id) AS ids FROM (${sql})`, these)?.ids));
  }

  /** Writes an edge, judged: what it waits for may be here already. */
  addEdge(id: string, { target, kind, anyChild }: Edge): void {
    this.#sql.run(INSERT.get(kind) ?? INSERT_OTHER, id, target, kind, anyChild ? 1 : 0);
    if (kind !== "waits-for") return;
    this.#sql.run(
      `UPDATE bead_edges AS e SET blocking = ${CHILDREN_BLOCK} WHERE issue_id = ? AND target = ? AND kind = 'waits-for'`,
      ...[id, target],
    );
  }

  /** Everything anew: to repair. @returns how many beads were wrong */
  rebuild(): number {
    const before = this.#snapshot();
    // Ends that are not here are reached by nothing below.
    this.#sql.run("UPDATE bead_edges SET blocking = 0 WHERE NOT EXISTS (SELECT 1 FROM beads WHERE id = target)");
    const ids = this.#sql.all("SELECT id FROM beads").map((row) => String(row.id));
    this.refresh(ids, ids);
    const after = this.#snapshot();
    return after.filter((row, i) => row !== before[i]).length;
  }

  #snapshot(): string[] {
    return this.#sql
      .all("SELECT direct, blocked, held_until FROM beads ORDER BY seq")
      .map((row) => `${row.direct} ${row.blocked} ${row.held_until}`);
  }

  /** Judges the edges that end at these beads, and those that wait for their siblings. @returns whose edges changed */
  #judge(these: string, parents: string): string[] {
    const changed: string[] = [];
    const judge = (where: string, blocks: string, given: string) => {
      const rows = this.#sql.all(
        `UPDATE bead_edges AS e SET blocking = ${blocks} WHERE ${where} AND e.blocking <> ${blocks} RETURNING issue_id`,
        given,
      );
      for (const row of rows) changed.push(String(row.issue_id));
    };
    judge(`e.target IN ${THESE} AND e.kind IN ('blocks', 'conditional-blocks')`, TARGET_BLOCKS, these);
    if (!this.#sql.one("SELECT 1 AS found FROM bead_edges WHERE kind = 'waits-for' LIMIT 1")) return changed;
    judge(`e.target IN ${THESE} AND e.kind = 'waits-for'`, CHILDREN_BLOCK, these);
    judge(`e.target IN ${THESE} AND e.kind = 'waits-for'`, CHILDREN_BLOCK, parents);
    judge(
      `e.target IN (SELECT target FROM bead_edges WHERE issue_id IN ${THESE} AND kind = '${PARENT_CHILD}')
       AND e.kind = 'waits-for'`,
      CHILDREN_BLOCK,
      these,
    );
    return changed;
  }

  /** Settles `blocked`: first of beads without a parent, all at once, then down from parents to children. */
  #spread(ids: string): ReadonlySet<string> {
    const flipped = new Set<string>();
    const orphan = `NOT EXISTS (SELECT 1 FROM bead_edges WHERE issue_id = id AND kind = '${PARENT_CHILD}')`;
    const own = `(direct > 0 AND status NOT IN (${DONE}))`;
    for (const row of this.#sql.all(
      `UPDATE beads SET blocked = ${own} WHERE id IN ${THESE} AND blocked <> ${own} AND (${own} OR ${orphan}) RETURNING id`,
      ids,
    )) {
      flipped.add(String(row.id));
    }
    const queue = this.#ids(
      `SELECT DISTINCT issue_id AS id FROM bead_edges WHERE issue_id IN ${THESE} AND kind = ?2`,
      ids,
    );
    queue.push(...this.#childrenOf(list(flipped)));
    // A bead that left takes what it passed on with it.
    queue.push(
      ...this.#ids(
        `SELECT issue_id AS id FROM bead_edges WHERE target IN ${THESE} AND kind = ?2
      AND NOT EXISTS (SELECT 1 FROM beads WHERE id = target)`,
        ids,
      ),
    );
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (!this.#settle(id)) continue;
      flipped.add(id);
      queue.push(...this.#childrenOf(list([id])));
    }
    return flipped;
  }

  #childrenOf(parents: string): string[] {
    if (parents === "[]") return [];
    return this.#ids(`SELECT issue_id AS id FROM bead_edges WHERE target IN ${THESE} AND kind = ?2`, parents);
  }

  #ids(sql: string, these: string): string[] {
    return this.#sql.all(sql, these, PARENT_CHILD).map((row) => String(row.id));
  }

  /** @returns whether `blocked` changed */
  #settle(id: string): boolean {
    const blocked = this.#isBlocked(id, new Set()) ? 1 : 0;
    return this.#sql.run("UPDATE beads SET blocked = ? WHERE id = ? AND blocked <> ?", blocked, id, blocked) > 0;
  }

  /** Walks up instead of trusting the parents' flags, so that a ring of parents in imported data cannot hold itself. */
  #isBlocked(id: string, seen: Set<string>): boolean {
    if (seen.has(id)) return false;
    seen.add(id);
    const row = this.#sql.one("SELECT status, direct FROM beads WHERE id = ?", id);
    if (!row || OUT_OF_THE_WAY.includes(String(row.status))) return false;
    if (Number(row.direct) > 0) return true;
    return this.#ids("SELECT target AS id FROM bead_edges WHERE issue_id = ? AND kind = ?", id).some((parent) =>
      this.#isBlocked(parent, seen),
    );
  }

  /** Of these beads and their children. */
  #hold(these: string): void {
    this.#sql.run(
      `UPDATE beads SET held_until = held FROM (
         SELECT own.id AS bead, max(ifnull(own.defer_until, 0), ifnull((
           SELECT max(parent.defer_until) FROM bead_edges JOIN beads parent ON parent.id = target
           WHERE issue_id = own.id AND kind = '${PARENT_CHILD}'), 0)) AS held
         FROM beads own WHERE own.id IN (SELECT value FROM json_each(?1) UNION
           SELECT issue_id FROM bead_edges WHERE target IN ${THESE} AND kind = '${PARENT_CHILD}'))
       WHERE id = bead AND held_until <> held`,
      these,
    );
  }
}

function list(ids: Iterable<string>): string {
  return JSON.stringify([...ids]);
}
