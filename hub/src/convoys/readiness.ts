import type { BeadRecord } from "@barnacle/protocol/beads";
import type { Sql } from "../beads/index.ts";
import { storedMerges } from "./merges.ts";
import type { Leaf } from "./tracked.ts";
import type { Viewing } from "./view.ts";

export interface Readiness {
  /** Ready, and nobody works on them: by priority, then in their order. */
  readonly ready: readonly string[];
  /** Somebody does, or their work is being merged. */
  readonly worked: readonly string[];
}

/** Types of beads that are handed to agents. */
export const SLINGABLE: readonly string[] = ["task", "bug", "feature", "chore"];
const WORKED = ["in_progress", "hooked"];
/** Of an order to hand over a bead later, as the public tool keeps it: that bead is not nobody's. */
const SCHEDULED = "gt:sling-context";
const MERGED = /^Merged in /;

/** Sorts what is open by whether it can be started, and by whether somebody is at it. */
export function readinessOf({ sql, now, workers }: Viewing, open: readonly Leaf[]): Readiness {
  const alive = (who: string | undefined) => Boolean(who) && workers?.alive(who as string) !== false;
  const merging = new Set(
    storedMerges
      .unmerged(
        sql,
        open.map(({ id }) => id),
      )
      .map(({ bead }) => bead),
  );
  const ready = open.filter(({ bead, blocked, heldUntil }) => {
    if (!bead || blocked || heldUntil > now || alive(bead.assignee) || merging.has(bead.id)) return false;
    if (bead.status !== "open" && !WORKED.includes(bead.status)) return false;
    if (bead.pinned || bead.ephemeral || !SLINGABLE.includes(bead.issue_type)) return false;
    return !waitsForMerge(sql, bead) && !isScheduled(sql, bead.id);
  });
  const worked = open.filter(
    ({ id, bead }) => merging.has(id) || (bead && WORKED.includes(bead.status) && alive(bead.assignee)),
  );
  ready.sort((a, b) => (a.bead as BeadRecord).priority - (b.bead as BeadRecord).priority);
  return { ready: ready.map(({ id }) => id), worked: worked.map(({ id }) => id) };
}

/** `merge-blocks`: the other end must be closed by a merge. */
function waitsForMerge(sql: Sql, { dependencies = [] }: BeadRecord): boolean {
  return dependencies.some(({ type, depends_on_id }) => {
    if (type !== "merge-blocks") return false;
    const row = sql.one("SELECT line FROM beads WHERE id = ?", depends_on_id);
    const end: Partial<BeadRecord> = row ? JSON.parse(String(row.line)) : {};
    return end.status !== "closed" || !MERGED.test(end.close_reason ?? "");
  });
}

function isScheduled(sql: Sql, id: string): boolean {
  const row = sql.one(
    `SELECT 1 AS found FROM bead_edges e JOIN beads c ON c.id = e.issue_id JOIN bead_labels l ON l.id = c.id
     WHERE e.target = ?1 AND e.kind = 'tracks' AND l.label = '${SCHEDULED}' AND c.status NOT IN ('closed', 'tombstone')
     UNION ALL SELECT 1 FROM schedule_entries WHERE bead = ?1`,
    id,
  );
  return row !== undefined;
}
