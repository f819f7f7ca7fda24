import type { BeadRecord } from "@barnacle/protocol/beads";
import type { Sql } from "../beads/index.ts";
import type { Merges, Unmerged } from "./ports.ts";

/** By the merge requests in the bead store: one that is not closed says that the work of its source bead is not merged. */
export const storedMerges: Merges = {
  unmerged(sql: Sql, beads: readonly string[]): Unmerged[] {
    const wanted = new Set(beads);
    return sql
      .all(
        `SELECT line FROM beads WHERE issue_type = 'merge-request'
         AND status IN ('open', 'in_progress', 'blocked', 'hooked', 'deferred') ORDER BY seq`,
      )
      .flatMap((row) => {
        const request: BeadRecord = JSON.parse(String(row.line));
        const bead = sourceOf(request);
        return bead !== undefined && wanted.has(bead) ? [{ bead, request: request.id }] : [];
      });
  },
};

/** The field stands in the metadata, or as a `key: value` line of the description. */
export function sourceOf({ metadata, description = "" }: BeadRecord): string | undefined {
  const field = (metadata as { source_issue?: unknown } | null | undefined)?.source_issue;
  if (typeof field === "string") return field;
  return /^\s*source[_-]issue:\s*(\S+)/im.exec(description)?.[1];
}
