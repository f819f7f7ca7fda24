/** Each agent's own directory of a rig. Only this folder writes their table. */
export { isBranchOf, type WorktreeAddress, type WorktreeKind, worktreeAddress } from "./address.ts";
export { type GitEvent, type GitEventQuery, gitEvents } from "./git-events.ts";
export { judgeRow, type Submissions } from "./looking.ts";
export { type Orphan, orphansOf } from "./orphans.ts";
export { findWorktree, listWorktrees, needWorktree, type WorktreeRow, worktreeAt } from "./table.ts";
export type { Verdict, WorktreeVerdict } from "./verdict.ts";
export { type Acquire, type Acquired, type Removed, Worktrees, type WorktreesOptions } from "./worktrees.ts";
