import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";

/** A branch where the work of an epic is gathered before it lands on its base as one. */
export interface IntegrationBranch {
  readonly rig: string;
  readonly branch: string;
  readonly epic: string;
  readonly base: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly landed?: string;
  readonly landedAt?: number;
}

export interface IntegrationStatus extends IntegrationBranch {
  readonly title: string;
  readonly children: number;
  readonly closed: number;
  /** Requests that are to be merged into it. */
  readonly open: readonly string[];
  /** All children are closed, and nothing is left to be merged into it. */
  readonly ready: boolean;
}

export function integrationBranches(sql: Sql, rig?: string): IntegrationBranch[] {
  const where = rig === undefined ? "" : "WHERE rig = ?";
  return sql
    .all(`SELECT * FROM integration_branches ${where} ORDER BY created_at`, ...(rig === undefined ? [] : [rig]))
    .map(branchOf);
}

/** Of an epic, or by the branch's own name. @throws NOT_FOUND */
export function integrationOf(sql: Sql, what: string): IntegrationBranch {
  const row = sql.one(
    "SELECT * FROM integration_branches WHERE epic = ? OR branch = ? ORDER BY landed IS NOT NULL, created_at DESC LIMIT 1",
    ...[what, what],
  );
  if (row) return branchOf(row);
  throw new BarnacleError("NOT_FOUND", `${what.slice(0, 80)} has no integration branch`, {
    hint: `Make one: barnacle mq integration create ${what.slice(0, 40)}`,
  });
}

/** Where the work of a bead goes: the branch of the nearest epic above it that has one, not landed yet. */
export function integrationAbove(sql: Sql, rig: string, bead: string): IntegrationBranch | undefined {
  const row = sql.one(
    `WITH RECURSIVE above (id, depth) AS (
       SELECT target, 1 FROM bead_edges WHERE issue_id = ? AND kind = 'parent-child'
       UNION SELECT target, depth + 1 FROM bead_edges JOIN above ON issue_id = above.id
       WHERE kind = 'parent-child' AND depth < 20
     ) SELECT i.* FROM above JOIN integration_branches i ON i.epic = above.id
     WHERE i.rig = ? AND i.landed IS NULL ORDER BY depth LIMIT 1`,
    ...[bead, rig],
  );
  return row && branchOf(row);
}

export function integrationStatus(sql: Sql, found: IntegrationBranch): IntegrationStatus {
  const { rig, branch, epic } = found;
  const counts = sql.one(
    `SELECT count(*) AS children, count(*) FILTER (WHERE status IN ('closed', 'tombstone')) AS closed
     FROM bead_edges JOIN beads ON beads.id = issue_id WHERE target = ? AND kind = 'parent-child'`,
    epic,
  );
  const open = sql
    .all(
      `SELECT m.id FROM merge_requests m JOIN beads b ON b.id = m.id
       WHERE m.rig = ? AND m.state != 'closed' AND json_extract(b.line, '$.metadata.target') = ?`,
      ...[rig, branch],
    )
    .map((row) => String(row.id));
  const [children, closed] = [Number(counts?.children), Number(counts?.closed)];
  const title = String(sql.one("SELECT title FROM beads WHERE id = ?", epic)?.title ?? "");
  return { ...found, title, children, closed, open, ready: children > 0 && closed === children && open.length === 0 };
}

function branchOf(row: Row): IntegrationBranch {
  return {
    ...{ rig: String(row.rig), branch: String(row.branch), epic: String(row.epic), base: String(row.base) },
    ...{ createdAt: Number(row.created_at), createdBy: String(row.created_by) },
    ...(row.landed === null ? {} : { landed: String(row.landed), landedAt: Number(row.landed_at) }),
  };
}
