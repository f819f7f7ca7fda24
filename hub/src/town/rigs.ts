import { HOOK_PROGRAM, Rigs } from "../rigs/index.ts";
import { Workspaces } from "../workspaces/index.ts";
import { type Submissions, Worktrees } from "../worktrees/index.ts";
import type { TownBase } from "./part.ts";

/** Where work is done: workspaces, the rigs in them, the worktrees of agents. */
export function rigParts(
  base: TownBase,
  submissions: () => Submissions,
): {
  readonly workspaces: Workspaces;
  readonly rigs: Rigs;
  readonly worktrees: Worktrees;
} {
  const workspaces = new Workspaces(base);
  const rigs = new Rigs({ ...base, workspaces, hookProgram: HOOK_PROGRAM });
  return { workspaces, rigs, worktrees: new Worktrees({ ...base, rigs, submissions }) };
}
