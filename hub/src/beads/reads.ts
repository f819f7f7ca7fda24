import type { SQLInputValue } from "node:sqlite";
import { type BeadRecord, BLOCKING_KINDS, PARENT_CHILD } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Row } from "../store/index.ts";
import { allRings } from "./cycles.ts";
import { type BeadFilter, conditionsOf, matchOf, orderOf } from "./filter.ts";
import { HIDDEN } from "./projection.ts";
import type { Sql } from "./sql.ts";

/** A bead in a list: its line, with what is computed from the store. */
export type BeadView = BeadRecord & {
  readonly dependency_count: number;
  readonly dependent_count: number;
  readonly comment_count: number;
  readonly parent?: string;
};

export interface Blocker {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly priority: number;
  /** The kind of the edge; `parent-child`: the parent is blocked. */
  readonly kind: string;
}

export type BlockedView = BeadView & { readonly blocked_by: readonly Blocker[]; readonly blocked_by_count: number };

export interface ReadyQuery extends BeadFilter {
  /** Default 100; 0: all. */
  readonly limit?: number | undefined;
  readonly sort?: "priority" | "oldest" | "hybrid" | undefined;
  readonly includeEphemeral?: boolean | undefined;
  readonly includeDeferred?: boolean | undefined;
}

const READY_SHOWN = 100;
const LIST_SHOWN = 50;
const YOUNG_MS = 48 * 3_600_000;

const VIEW = "b.line, (SELECT count(*) FROM bead_edges WHERE target = b.id) AS dependent_count";

/**
 * The one definition of ready, on what the graph keeps: open, not blocked, not pinned, and neither itself nor a parent put
 * off until later; not ephemeral and of a type that is work, unless asked for.
 */
const READY = "b.status = 'open' AND b.blocked = 0";

/** Every question about beads. Works on the hub's store and on a file opened for reading alike. */
export class BeadReads {
  readonly #sql: Sql;
  readonly #now: () => number;

  constructor(sql: Sql, now: () => number) {
    this.#sql = sql;
    this.#now = now;
  }

  /** A whole id, or a part that only one has: the end of it, without its prefix. @throws BEAD_UNKNOWN, CONFLICT when several have it */
  resolve(part: string): string {
    if (this.#sql.one("SELECT 1 AS found FROM beads WHERE id = ?", part)) return part;
    const rows = this.#sql.all(
      "SELECT id FROM beads WHERE id LIKE ? ESCAPE '\\' OR id LIKE ? ESCAPE '\\' LIMIT 6",
      ...[`%-${escapeLike(part)}%`, `${escapeLike(part)}%`],
    );
    const ids = rows.map((row) => String(row.id));
    const ends = ids.filter((id) => id.endsWith(`-${part}`));
    const [only] = ends.length === 1 ? ends : ids;
    if (only !== undefined && (ids.length === 1 || ends.length === 1)) return only;
    if (ids.length === 0) {
      throw new BarnacleError("BEAD_UNKNOWN", `no bead has the id ${part.slice(0, 80)}`, { details: { id: part } });
    }
    throw new BarnacleError("CONFLICT", `"${part}" fits several beads: ${ids.join(", ")}`, { details: { ids } });
  }

  /** @throws BEAD_UNKNOWN */
  get(id: string): BeadView {
    const row = this.#sql.one(`SELECT ${VIEW} FROM beads b WHERE b.id = ?`, id);
    if (row) return viewOf(row);
    throw new BarnacleError("BEAD_UNKNOWN", `no bead has the id ${id.slice(0, 80)}`, { details: { id } });
  }

  find(id: string): BeadView | undefined {
    const row = this.#sql.one(`SELECT ${VIEW} FROM beads b WHERE b.id = ?`, id);
    return row && viewOf(row);
  }

  list(filter: BeadFilter & { readonly limit?: number | undefined } = {}): BeadView[] {
    const { limit = LIST_SHOWN, text } = filter;
    // The index of texts gives its rows in this order: as many are looked at as are shown.
    if (text !== undefined && filter.sortBy === undefined && !filter.reverse) {
      const { where, parameters } = conditionsOf({ ...filter, text: undefined }, this.#now());
      const from = "bead_text f CROSS JOIN beads b ON b.seq = f.rowid";
      const both = `bead_text MATCH ? AND ${where}`;
      return this.#views(from, both, "chosen DESC", [matchOf(text), ...parameters], limit).map(viewOf);
    }
    const { where, parameters } = conditionsOf(filter, this.#now());
    return this.#views("beads b", where, orderOf(filter), parameters, limit).map(viewOf);
  }

  /** How many the filter lets through. */
  count(filter: BeadFilter = {}): number {
    const { where, parameters } = conditionsOf(filter, this.#now());
    return Number(this.#sql.one(`SELECT count(*) AS n FROM beads b WHERE ${where}`, ...parameters)?.n);
  }

  ready(query: ReadyQuery = {}): BeadView[] {
    const { limit = READY_SHOWN, sort = "priority" } = query;
    const { from, where, parameters } = this.#readyWhere(query, sort === "priority");
    const young = this.#now() - YOUNG_MS;
    const order = {
      priority: "b.priority, b.created_at DESC, b.created_sub DESC, b.id",
      oldest: "b.created_at, b.created_sub, b.id",
      hybrid: `b.created_at < ${young}, CASE WHEN b.created_at < ${young} THEN 0 ELSE b.priority END, b.created_at, b.created_sub, b.id`,
    }[sort];
    return this.#views(from, where, order, parameters, limit).map(viewOf);
  }

  readyCount(query: ReadyQuery = {}): number {
    const { from, where, parameters } = this.#readyWhere(query, true);
    return Number(this.#sql.one(`SELECT count(*) AS n FROM ${from} WHERE ${where}`, ...parameters)?.n);
  }

  /** Open and blocked, each with what it waits for. */
  blocked(filter: BeadFilter & { readonly limit?: number | undefined } = {}): BlockedView[] {
    const { limit = 0 } = filter;
    const { where, parameters } = conditionsOf({ ...filter, all: true }, this.#now());
    const blocked = `b.status = 'open' AND b.blocked = 1 AND ${where}`;
    return this.#views("beads b", blocked, orderOf(filter), parameters, limit).map((row) => {
      const view = viewOf(row);
      const blocked_by = this.blockersOf(view.id);
      return { ...view, blocked_by, blocked_by_count: blocked_by.length };
    });
  }

  blockersOf(id: string): Blocker[] {
    const kinds = BLOCKING_KINDS.map((kind) => `'${kind}'`).join(", ");
    return this.#sql
      .all(
        `SELECT t.id, t.title, t.status, t.priority, e.kind FROM bead_edges e JOIN beads t ON t.id = e.target
         WHERE e.issue_id = ? AND ((e.kind IN (${kinds}) AND e.blocking = 1) OR (e.kind = '${PARENT_CHILD}' AND t.blocked = 1))
         ORDER BY t.priority, t.id`,
        id,
      )
      .map((row) => ({
        ...{ id: String(row.id), title: String(row.title), status: String(row.status) },
        ...{ priority: Number(row.priority), kind: String(row.kind) },
      }));
  }

  /** Why a bead is or is not ready, in words, everything that stands against it. */
  whyNot(id: string): string[] {
    const row = this.#sql.one("SELECT status, hidden, held_until, blocked, issue_type FROM beads WHERE id = ?", id);
    if (!row) return [];
    const reasons: string[] = [];
    if (row.status !== "open") reasons.push(`its status is ${row.status}`);
    if (Number(row.hidden) & HIDDEN.ephemeral) reasons.push("it is ephemeral (--include-ephemeral)");
    if (Number(row.hidden) & HIDDEN.pinned) reasons.push("it is pinned");
    if (Number(row.hidden) & HIDDEN.type) reasons.push(`beads of type ${row.issue_type} are not work (--type)`);
    const held = Number(row.held_until);
    if (held > this.#now()) reasons.push(`it or its parent is deferred until ${new Date(held).toISOString()}`);
    if (row.blocked === 1) {
      for (const blocker of this.blockersOf(id)) {
        reasons.push(
          blocker.kind === PARENT_CHILD
            ? `its parent ${blocker.id} is blocked`
            : `it waits for ${blocker.id} (${blocker.kind}, ${blocker.status})`,
        );
      }
    }
    return reasons;
  }

  /** The whole picture: what is ready and why, what is blocked by what, rings. */
  explain(query: ReadyQuery = {}) {
    const ready = this.ready(query).map((bead) => {
      const resolved = this.#sql
        .all(
          `SELECT e.target FROM bead_edges e JOIN beads t ON t.id = e.target WHERE e.issue_id = ?
           AND e.kind IN (${BLOCKING_KINDS.map((kind) => `'${kind}'`).join(", ")}) AND e.blocking = 0`,
          bead.id,
        )
        .map((row) => String(row.target));
      const reason = resolved.length === 0 ? "nothing blocks it" : `${resolved.length} blockers are resolved`;
      return { ...bead, reason, resolved_blockers: resolved };
    });
    const blocked = this.blocked();
    const cycles = allRings(this.#sql);
    const summary = { total_ready: this.readyCount(query), total_blocked: blocked.length, cycle_count: cycles.length };
    return { ready, blocked, cycles, summary };
  }

  dependents(id: string): BeadView[] {
    return this.#sql
      .all(`SELECT ${VIEW} FROM bead_edges e JOIN beads b ON b.id = e.issue_id WHERE e.target = ? ORDER BY b.seq`, id)
      .map(viewOf);
  }

  children(id: string): BeadView[] {
    return this.#sql
      .all(
        `SELECT ${VIEW} FROM bead_edges e JOIN beads b ON b.id = e.issue_id
         WHERE e.target = ? AND e.kind = '${PARENT_CHILD}' ORDER BY b.seq`,
        id,
      )
      .map(viewOf);
  }

  /** What is computed for a row is computed for those that are shown only. */
  #views(from: string, where: string, order: string, parameters: readonly SQLInputValue[], limit: number): Row[] {
    return this.#sql.all(
      `SELECT ${VIEW} FROM (SELECT ${from.startsWith("bead_text") ? "f.rowid" : "b.seq"} AS chosen FROM ${from} WHERE ${where} ORDER BY ${order} LIMIT ?)
       JOIN beads b ON b.seq = chosen ORDER BY ${order}`,
      ...[...parameters, limit === 0 ? -1 : limit],
    );
  }

  #readyWhere(query: ReadyQuery, byIndex: boolean) {
    const { includeEphemeral = false, includeDeferred = false, limit: _, sort: __, ...filter } = query;
    const { where, parameters } = conditionsOf({ ...filter, all: true }, this.#now());
    const shown = (includeEphemeral ? HIDDEN.ephemeral : 0) | (filter.type === undefined ? 0 : HIDDEN.type);
    // Written as it stands in the partial index whenever nothing hidden is asked for.
    const hidden = shown === 0 ? "b.hidden = 0" : `(b.hidden & ${~shown & 7}) = 0`;
    const held = includeDeferred ? "" : " AND b.held_until <= ?";
    return {
      from: byIndex && shown === 0 ? "beads b INDEXED BY beads_ready" : "beads b",
      where: `${READY} AND ${hidden}${held}${where === "1" ? "" : ` AND ${where}`}`,
      parameters: [...(includeDeferred ? [] : [this.#now()]), ...parameters],
    };
  }
}

export function viewOf(row: Row): BeadView {
  const bead: BeadRecord = JSON.parse(String(row.line));
  const { dependencies = [], comments = [] } = bead;
  const parent = dependencies.find(({ type }) => type === PARENT_CHILD)?.depends_on_id;
  return {
    ...bead,
    dependency_count: dependencies.length,
    dependent_count: Number(row.dependent_count),
    comment_count: comments.length,
    ...(parent === undefined ? {} : { parent }),
  };
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}
