import { type BeadRecord, OUT_OF_THE_WAY, PARENT_CHILD, saysFailure } from "@barnacle/protocol/beads";
import type { Sql } from "../beads/index.ts";

export const TRACKS = "tracks";
export const CONVOY = "convoy";

/** A tracked bead as stored, or only its id when nothing here has it. */
export interface Leaf {
  readonly id: string;
  readonly bead?: BeadRecord;
  readonly blocked: boolean;
  readonly heldUntil: number;
}

/** Counted from the beads each time, kept nowhere. Deleted beads are no part of it. */
export interface Progress {
  /** Beads that it tracks, those of convoys inside it too. */
  readonly total: number;
  readonly completed: number;
  /** 0 to 100, rounded down: 100 means all. */
  readonly percent: number;
  /** Of the completed ones: closed with a reason that says failure. */
  readonly failed: number;
  readonly closed: readonly Leaf[];
  /** Not done yet, in the order in which they were added. */
  readonly open: readonly Leaf[];
  /** Tracked, and not in this store: nobody can tell whether they are done. */
  readonly unresolved: readonly string[];
  /** Convoys inside it that are not closed. */
  readonly openConvoys: readonly string[];
  /** Something was tracked, and all of it is done. */
  readonly complete: boolean;
}

/** What a convoy's bead tracks, in the order in which it was added. */
export function trackedIds(bead: BeadRecord): string[] {
  return (bead.dependencies ?? []).filter(({ type }) => type === TRACKS).map((edge) => edge.depends_on_id);
}

export function leavesOf(sql: Sql, ids: readonly string[]): Leaf[] {
  return sql
    .all(
      `SELECT j.value AS id, b.line, b.blocked, b.held_until FROM json_each(?) j LEFT JOIN beads b ON b.id = j.value ORDER BY j.key`,
      JSON.stringify(ids),
    )
    .map((row) => ({
      id: String(row.id),
      ...(row.line === null ? {} : { bead: JSON.parse(String(row.line)) as BeadRecord }),
      ...{ blocked: row.blocked === 1, heldUntil: Number(row.held_until ?? 0) },
    }));
}

/** Convoys that are children of this one. */
export function childConvoys(sql: Sql, id: string): BeadRecord[] {
  return sql
    .all(
      `SELECT c.line FROM bead_edges e JOIN beads c ON c.id = e.issue_id
       WHERE e.target = ? AND e.kind = '${PARENT_CHILD}' AND c.issue_type = '${CONVOY}' ORDER BY c.seq`,
      id,
    )
    .map((row) => JSON.parse(String(row.line)));
}

export function progressOf(sql: Sql, convoy: BeadRecord): Progress {
  const beads = new Map<string, { leaf: Leaf; counts: boolean }>();
  const seen = new Set<string>([convoy.id]);
  const openConvoys: string[] = [];
  const queue: BeadRecord[] = [convoy];
  for (let at = queue.shift(); at; at = queue.shift()) {
    const inside = childConvoys(sql, at.id);
    // What a convoy inside was closed without is nobody's work any more.
    const dropped = at !== convoy && at.status === "closed";
    for (const leaf of leavesOf(sql, trackedIds(at))) {
      if (leaf.bead?.issue_type === CONVOY) inside.push(leaf.bead);
      else if (!beads.get(leaf.id)?.counts) beads.set(leaf.id, { leaf, counts: !dropped });
    }
    for (const one of inside) {
      if (seen.has(one.id) || one.status === "tombstone") continue;
      seen.add(one.id);
      queue.push(one);
      if (one.status !== "closed") openConvoys.push(one.id);
    }
  }
  const [closed, open]: [Leaf[], Leaf[]] = [[], []];
  const unresolved: string[] = [];
  let failed = 0;
  for (const { leaf, counts } of beads.values()) {
    const { bead } = leaf;
    if (bead?.status === "closed") {
      closed.push(leaf);
      if (saysFailure(bead.close_reason)) failed++;
    } else if (!counts || bead?.status === "tombstone") continue;
    else if (bead) open.push(leaf);
    else unresolved.push(leaf.id);
  }
  const completed = closed.length;
  const total = completed + open.length + unresolved.length;
  const percent = total === 0 ? 0 : Math.floor((100 * completed) / total);
  const complete = total > 0 && completed === total && openConvoys.length === 0;
  return { total, completed, percent, failed, closed, open, unresolved, openConvoys, complete };
}

/** Convoys that track this bead, those that are not closed first. */
export function trackersOf(sql: Sql, bead: string): BeadRecord[] {
  return sql
    .all(
      `SELECT c.line FROM bead_edges e JOIN beads c ON c.id = e.issue_id
       WHERE e.target = ? AND e.kind = '${TRACKS}' AND c.issue_type = '${CONVOY}' AND c.status <> 'tombstone'
       ORDER BY c.status = 'closed', c.seq`,
      bead,
    )
    .map((row) => JSON.parse(String(row.line)));
}

/** What a bead or convoy waits for by its own edges and those of what stands above it. */
export function waitsFor(sql: Sql, id: string): string[] {
  return sql
    .all(
      `WITH RECURSIVE up (id) AS (SELECT ? UNION SELECT e.target FROM bead_edges e JOIN up ON e.issue_id = up.id
         WHERE e.kind = '${PARENT_CHILD}')
       SELECT DISTINCT e.target FROM bead_edges e JOIN up ON e.issue_id = up.id WHERE e.blocking = 1 ORDER BY e.target`,
      id,
    )
    .map((row) => String(row.target));
}

/**
 * Why a bead must not be started though it may be ready: every convoy that tracks it and is not closed waits for another.
 * Undefined: it may.
 */
export function heldBy(
  sql: Sql,
  bead: string,
): { readonly convoy: string; readonly waitsFor: readonly string[] } | undefined {
  const trackers = trackersOf(sql, bead).filter(({ status }) => status !== "closed");
  const waits = trackers.map(({ id }) => ({ convoy: id, waitsFor: waitsFor(sql, id) }));
  return waits.every((one) => one.waitsFor.length > 0) ? waits[0] : undefined;
}

export function isDone(status: string): boolean {
  return OUT_OF_THE_WAY.includes(status);
}
