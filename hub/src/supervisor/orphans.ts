import { parseInstant } from "@barnacle/protocol/beads";
import type { Sql } from "../beads/index.ts";
import { IN_MERGE_QUEUE } from "./merging.ts";

/** Work that a worker is said to do. */
export interface HeldWork {
  readonly bead: string;
  /** The worker's address. */
  readonly assignee: string;
  /** When the bead changed last, ms since 1970. */
  readonly since: number;
}

export interface Orphan extends HeldWork {
  readonly why: string;
}

const MS = 1000;

/** Beads of polecats that are hooked or in progress. What crew and people do is their own affair. */
export function heldWork(sql: Sql): HeldWork[] {
  return sql
    .all(
      `SELECT id, assignee, line FROM beads b WHERE assignee IS NOT NULL AND status IN ('hooked', 'in_progress')
       AND assignee LIKE '%/polecats/%' AND lease_until IS NULL AND NOT ${IN_MERGE_QUEUE}`,
    )
    .map((row) => ({
      ...{ bead: String(row.id), assignee: String(row.assignee) },
      since: parseInstant(JSON.parse(String(row.line)).updated_at)?.ms ?? 0,
    }));
}

/**
 * Work that nobody does: its worker is not known, or does not have it on its hook. It is left alone for a while, because
 * whoever gave it may be about to say so.
 */
export function orphans(
  held: readonly HeldWork[],
  known: ReadonlySet<string>,
  hangs: (bead: string) => boolean,
  staleSeconds: number,
  now: number,
): Orphan[] {
  return held
    .filter(({ since, bead }) => now - since >= staleSeconds * MS && !hangs(bead))
    .map((work) => {
      const { assignee } = work;
      const why = known.has(assignee) ? `it is not on the hook of ${assignee}` : `nobody called ${assignee} works here`;
      return { ...work, why };
    });
}
