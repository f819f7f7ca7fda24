import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql } from "../beads/index.ts";
import { isReady, type MergeRequest, type RequestState, requestOf, scoredOf } from "./request.ts";
import { byScore } from "./score.ts";

export interface RequestQuery {
  readonly rig?: string | undefined;
  readonly state?: RequestState | undefined;
  readonly worker?: string | undefined;
  readonly target?: string | undefined;
  /** Children of this epic, however deep. */
  readonly epic?: string | undefined;
  /** Only those that could be taken now. */
  readonly ready?: boolean | undefined;
  /** Also closed ones. */
  readonly all?: boolean | undefined;
  /** Default 100; 0: all. */
  readonly limit?: number | undefined;
}

const SELECT = `SELECT m.*, b.line, b.blocked FROM merge_requests m JOIN beads b ON b.id = m.id`;
const SHOWN = 100;

/** Requests in the order in which they will be merged; closed ones last, the latest first. */
export function requests(sql: Sql, query: RequestQuery, now: number): MergeRequest[] {
  const { rig, state, worker, target, epic, ready, all = false, limit = SHOWN } = query;
  const open = all || state === "closed" ? "1" : "m.state != 'closed'";
  const [where, parameters] = rig === undefined ? ["1", []] : ["m.rig = ?", [rig]];
  const below = epic === undefined ? undefined : descendants(sql, epic);
  const found = sql
    .all(`${SELECT} WHERE ${open} AND ${where}`, ...parameters)
    .map((row) => requestOf(row, now))
    .filter((one) => state === undefined || one.state === state)
    .filter((one) => worker === undefined || one.worker === worker)
    .filter((one) => target === undefined || one.target === target)
    .filter((one) => below === undefined || below.has(one.source_issue ?? ""))
    .filter((one) => !ready || isReady(one));
  const order = byScore(now);
  const sorted = found.sort((a, b) => {
    const [first, second] = [a.state === "closed", b.state === "closed"];
    if (first !== second) return first ? 1 : -1;
    return first ? (a.created_at < b.created_at ? 1 : -1) : order(scoredOf(a), scoredOf(b));
  });
  return limit === 0 ? sorted : sorted.slice(0, limit);
}

export function findRequest(sql: Sql, id: string, now: number): MergeRequest | undefined {
  const row = sql.one(`${SELECT} WHERE m.id = ?`, id);
  return row && requestOf(row, now);
}

/** @throws NOT_FOUND */
export function needRequest(sql: Sql, id: string, now: number): MergeRequest {
  const found = findRequest(sql, id, now);
  if (found) return found;
  throw new BarnacleError("NOT_FOUND", `no merge request has the id ${id.slice(0, 80)}`, {
    details: { id },
    hint: "List them with `barnacle mq list --all`.",
  });
}

function descendants(sql: Sql, epic: string): ReadonlySet<string> {
  const rows = sql.all(
    `WITH RECURSIVE below (id) AS (
       SELECT issue_id FROM bead_edges WHERE target = ? AND kind = 'parent-child'
       UNION SELECT issue_id FROM bead_edges JOIN below ON target = below.id WHERE kind = 'parent-child'
     ) SELECT id FROM below`,
    epic,
  );
  return new Set(rows.map((row) => String(row.id)));
}
