import type { Sql } from "../beads/index.ts";
import { type Git, needRig } from "../rigs/index.ts";
import { worktreeAddress } from "./address.ts";
import { lostError, whyLost } from "./lost.ts";
import type { WorktreeRow } from "./table.ts";
import { judge, type WorktreeVerdict } from "./verdict.ts";

/** What worktrees ask of the merge queue. */
export interface Submissions {
  /** Whether it has, or had, this branch at this commit. */
  has(rig: string, branch: string, commit: string): boolean;
}

/** As the merge queue's own table has it, for who has no merge queue at hand. */
export function submissionsIn(sql: Sql): Submissions {
  // A store that no hub of this version has opened yet has no merge queue.
  const there = sql.one("SELECT 1 AS yes FROM sqlite_master WHERE name = 'merge_requests'") !== undefined;
  if (!there) return { has: () => false };
  return {
    has: (rig, branch, commit) =>
      sql.one(
        "SELECT 1 AS known FROM merge_requests WHERE rig = ? AND branch = ? AND commit_sha = ?",
        ...[rig, branch, commit],
      ) !== undefined,
  };
}

/** @throws WORKTREE_LOST, RIG_UNKNOWN, GIT_FAILED */
export function judgeRow(
  sql: Sql,
  row: WorktreeRow,
  git: Git,
  submissions: Submissions | undefined,
): Promise<WorktreeVerdict> {
  const lost = whyLost(row.path);
  if (lost !== undefined) throw lostError(row, lost);
  const { defaultBranch } = needRig(sql, row.rig);
  const submitted = (branch: string, commit: string) => submissions?.has(row.rig, branch, commit) ?? false;
  return judge({ git, address: worktreeAddress(row.agent), defaultBranch, base: row.base, submitted });
}
