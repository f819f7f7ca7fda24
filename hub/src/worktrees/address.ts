import { BarnacleError } from "@barnacle/protocol/errors";
import { checkName } from "../rigs/index.ts";

export type WorktreeKind = "polecat" | "crew" | "refinery";

/** An agent that has a worktree. Its directory is its address, below the workspace. */
export interface WorktreeAddress {
  readonly agent: string;
  readonly rig: string;
  readonly kind: WorktreeKind;
  readonly name: string;
}

/** @throws INPUT_INVALID */
export function worktreeAddress(agent: string): WorktreeAddress {
  const [rig = "", role, name, ...more] = agent.split("/");
  if (role === "refinery" && name === undefined) return { agent, rig, kind: "refinery", name: "refinery" };
  const kind = role === "polecats" ? "polecat" : role === "crew" ? "crew" : undefined;
  if (kind && name !== undefined && more.length === 0) {
    return { agent, rig, kind, name: checkName(name, kind === "crew" ? "crew member" : "worker") };
  }
  throw new BarnacleError(
    "INPUT_INVALID",
    `"${agent.slice(0, 80)}" has no worktree; expected RIG/polecats/NAME, RIG/crew/NAME or RIG/refinery`,
  );
}

/** A bead's id in a branch's name, where `:` and two dots may not stand. */
export function branchFor({ kind, name }: WorktreeAddress, bead: string, now: number): string {
  if (kind === "crew") return `crew/${name}`;
  const part =
    bead
      .replace(/[^A-Za-z0-9._-]+/g, "-")
      .replace(/\.{2,}/g, ".")
      .replace(/^[.-]+/, "") || "work";
  return `polecat/${name}/${part}@${now.toString(36)}`;
}

/** Whether a branch is this agent's. */
export function isBranchOf({ kind, name }: WorktreeAddress, branch: string): boolean {
  if (kind === "crew") return branch === `crew/${name}` || branch.startsWith(`crew/${name}/`);
  return kind === "polecat" && branch.startsWith(`polecat/${name}/`);
}
