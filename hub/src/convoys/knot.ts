import { type BeadRecord, BLOCKING_KINDS, PARENT_CHILD } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql } from "../beads/index.ts";
import { CONVOY, childConvoys, isDone, trackedIds, trackersOf } from "./tracked.ts";

/** When something can end: all of `all` have ended, and of `any`, if there are some, all of one of them. */
interface Needs {
  readonly all: readonly string[];
  readonly any: readonly (readonly string[])[];
}

const BLOCKING = BLOCKING_KINDS.map((kind) => `'${kind}'`).join(", ");

/**
 * The ring that keeps a convoy from ever landing, or undefined. A convoy ends after what it tracks, after the convoys
 * inside it and after what it depends on; a bead ends after its blockers, and starts once one of the convoys that track it
 * may start. Beads and convoys together can close a ring where neither do alone: one waits for a convoy that tracks its own blocker.
 */
export function knotOf(sql: Sql, id: string): string[] | undefined {
  const needs = new Map<string, Needs>();
  const queue = [id];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (needs.has(at)) continue;
    const found = needsOf(sql, at);
    if (!found) continue;
    needs.set(at, found);
    queue.push(...found.all, ...found.any.flat());
  }
  const stuck = new Set(needs.keys());
  for (let before = -1; before !== stuck.size; ) {
    before = stuck.size;
    for (const one of stuck) if (canEnd(needs.get(one) as Needs, stuck)) stuck.delete(one);
  }
  return stuck.has(id) ? ringFrom(id, needs, stuck) : undefined;
}

/** @throws BEAD_CYCLE naming the ring */
export function refuseKnot(sql: Sql, id: string): void {
  const ring = knotOf(sql, id);
  if (!ring) return;
  throw new BarnacleError("BEAD_CYCLE", `${id} could never land: ${ring.join(" → ")}`, { details: { ring } });
}

function canEnd({ all, any }: Needs, stuck: ReadonlySet<string>): boolean {
  const free = (ids: readonly string[]) => !ids.some((id) => stuck.has(id));
  return free(all) && (any.length === 0 || any.some(free));
}

/** Undefined for what is done, and for what is not here: nobody waits for that for ever by our doing. */
function needsOf(sql: Sql, id: string): Needs | undefined {
  const row = sql.one("SELECT line FROM beads WHERE id = ?", id);
  if (!row) return undefined;
  const bead: BeadRecord = JSON.parse(String(row.line));
  if (isDone(bead.status)) return undefined;
  const blockers = blockersAbove(sql, id);
  if (bead.issue_type === CONVOY) {
    return { all: [...blockers, ...trackedIds(bead), ...childConvoys(sql, id).map((child) => child.id)], any: [] };
  }
  const trackers = trackersOf(sql, id).filter(({ status }) => status !== "closed");
  return { all: blockers, any: trackers.map((convoy) => blockersAbove(sql, convoy.id)) };
}

/** Of its own edges and of those of everything above it; `waits-for` means the children of its target. */
function blockersAbove(sql: Sql, id: string): string[] {
  return sql
    .all(
      `WITH RECURSIVE up (id) AS (SELECT ? UNION SELECT e.target FROM bead_edges e JOIN up ON e.issue_id = up.id
         WHERE e.kind = '${PARENT_CHILD}')
       SELECT e.target, e.kind FROM bead_edges e JOIN up ON e.issue_id = up.id WHERE e.kind IN (${BLOCKING})`,
      id,
    )
    .flatMap((row) => (row.kind === "waits-for" ? childrenOf(sql, String(row.target)) : [String(row.target)]));
}

function childrenOf(sql: Sql, id: string): string[] {
  return sql
    .all(`SELECT issue_id AS id FROM bead_edges WHERE target = ? AND kind = '${PARENT_CHILD}'`, id)
    .map((row) => String(row.id));
}

function ringFrom(id: string, needs: ReadonlyMap<string, Needs>, stuck: ReadonlySet<string>): string[] {
  const path: string[] = [];
  for (let at: string | undefined = id; at !== undefined; ) {
    const known = path.indexOf(at);
    if (known >= 0) return [...path.slice(known), at];
    path.push(at);
    const { all, any } = needs.get(at) as Needs;
    at = [...all, ...any.flat()].find((one) => stuck.has(one));
  }
  return path;
}
