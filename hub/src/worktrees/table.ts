import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql, WritableSql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";
import type { WorktreeKind } from "./address.ts";

export interface WorktreeRow {
  readonly agent: string;
  readonly rig: string;
  readonly kind: WorktreeKind;
  readonly path: string;
  /** `making` and `removing`: on the way, or left so by a crash. */
  readonly state: "making" | "ready" | "removing";
  /** What it was last set to; the agent may have changed it. Undefined: none. */
  readonly branch: string | undefined;
  /** The commit that the branch began at. */
  readonly base: string | undefined;
  readonly bead: string | undefined;
  readonly inUse: boolean;
  readonly createdAt: number;
  readonly acquiredAt: number | undefined;
  readonly releasedAt: number | undefined;
}

export function listWorktrees(sql: Sql, rig?: string): WorktreeRow[] {
  return rig === undefined
    ? sql.all("SELECT * FROM worktrees ORDER BY agent").map(rowOf)
    : sql.all("SELECT * FROM worktrees WHERE rig = ? ORDER BY agent", rig).map(rowOf);
}

export function findWorktree(sql: Sql, agent: string): WorktreeRow | undefined {
  const row = sql.one("SELECT * FROM worktrees WHERE agent = ?", agent);
  return row && rowOf(row);
}

/** Of a rig that is forgotten; for its own transaction. */
export function forgetWorktrees(sql: WritableSql, rig: string): void {
  sql.run("DELETE FROM worktrees WHERE rig = ?", rig);
}

/** @throws WORKTREE_UNKNOWN */
export function needWorktree(sql: Sql, agent: string): WorktreeRow {
  const found = findWorktree(sql, agent);
  if (found) return found;
  throw new BarnacleError("WORKTREE_UNKNOWN", `${agent.slice(0, 80)} has no worktree`);
}

/** The worktree that a directory lies in. */
export function worktreeAt(sql: Sql, directory: string): WorktreeRow | undefined {
  return listWorktrees(sql).find(({ path }) => directory === path || directory.startsWith(`${path}/`));
}

function rowOf(row: Row): WorktreeRow {
  const text = (value: unknown) => (value === null ? undefined : String(value));
  const time = (value: unknown) => (value === null ? undefined : Number(value));
  return {
    ...{ agent: String(row.agent), rig: String(row.rig), kind: String(row.kind) as WorktreeKind },
    ...{ path: String(row.path), state: String(row.state) as WorktreeRow["state"] },
    ...{ branch: text(row.branch), base: text(row.base), bead: text(row.bead), inUse: row.in_use === 1 },
    ...{ createdAt: Number(row.created_at), acquiredAt: time(row.acquired_at), releasedAt: time(row.released_at) },
  };
}
