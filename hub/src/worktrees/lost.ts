import { existsSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { WorktreeRow } from "./table.ts";
import type { WorktreeVerdict } from "./verdict.ts";

/** Why a directory is no worktree; undefined when it is one. */
export function whyLost(directory: string): string | undefined {
  if (!existsSync(directory)) return "the directory is not there";
  return existsSync(path.join(directory, ".git")) ? undefined : "the directory is no worktree any more";
}

export function lostError({ agent, path: directory, branch }: WorktreeRow, why: string): BarnacleError {
  return new BarnacleError("WORKTREE_LOST", `the worktree of ${agent} belongs in ${directory}: ${why}`, {
    details: { agent, path: directory, branch: branch ?? null },
  });
}

export function busyError({ agent, bead, path: directory }: WorktreeRow): BarnacleError {
  return new BarnacleError("WORKTREE_BUSY", `${agent} works on ${bead ?? "something"} in ${directory}`);
}

export function dirtyError({ agent, path: directory }: WorktreeRow, verdict: WorktreeVerdict): BarnacleError {
  return new BarnacleError("WORKTREE_DIRTY", `${agent}: ${verdict.verdict}: ${reasonsOf(verdict)} in ${directory}`, {
    details: { ...verdict },
  });
}

/** `2 × uncommitted file, 1 × stash` */
export function reasonsOf({ verdict, uncommitted, stashes, unpushed, unmerged }: WorktreeVerdict): string {
  const parts = [
    [uncommitted, "uncommitted file"],
    [stashes, "stash"],
    [unpushed, "commit of no branch"],
    [verdict === "NEEDS_MQ_SUBMIT" ? unmerged : 0, "commit that the merge queue was not given"],
  ] as const;
  return parts
    .filter(([n]) => n > 0)
    .map(([n, what]) => `${n} × ${what}`)
    .join(", ");
}
