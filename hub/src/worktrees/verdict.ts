import type { Git } from "../rigs/index.ts";
import { isBranchOf, type WorktreeAddress } from "./address.ts";

/**
 * `SAFE_TO_NUKE`: nothing of it would be missed. `NEEDS_RECOVERY`: it holds work that is nowhere else.
 * `NEEDS_MQ_SUBMIT`: all is committed, and the merge queue has not been given it.
 */
export type Verdict = "SAFE_TO_NUKE" | "NEEDS_RECOVERY" | "NEEDS_MQ_SUBMIT";

export interface WorktreeVerdict {
  readonly verdict: Verdict;
  /** As workers report it: `clean`, `has_uncommitted`, `has_stash`, `has_unpushed`. */
  readonly cleanup_status: "clean" | "has_uncommitted" | "has_stash" | "has_unpushed";
  /** Changed files that are not committed, untracked ones counted. */
  readonly uncommitted: number;
  readonly untracked: number;
  readonly stashes: number;
  /** Commits in no branch of the mirror and none of the origin. */
  readonly unpushed: number;
  /** Commits of its own that the default branch has not, neither as they are nor rebased. */
  readonly unmerged: number;
  readonly head: string;
  /** Undefined: none is checked out. */
  readonly branch: string | undefined;
}

export interface VerdictAsk {
  /** In the worktree. */
  readonly git: Git;
  readonly address: WorktreeAddress;
  readonly defaultBranch: string;
  readonly base: string | undefined;
  /** Whether the merge queue has, or had, this branch at this commit. */
  readonly submitted: (branch: string, commit: string) => boolean;
}

export async function judge(ask: VerdictAsk): Promise<WorktreeVerdict> {
  const { git, address, submitted } = ask;
  const [{ head, branch, uncommitted, untracked }, stashed] = await Promise.all([look(git), stashesOf(git)]);
  const own = stashed.filter((stash) =>
    stash.branch === undefined ? stash.parent === head : stash.branch === branch || isBranchOf(address, stash.branch),
  );
  const [unpushed, unmerged] = await Promise.all([
    count(git, ["HEAD", "--not", "--branches", "--remotes", "--tags"]),
    unmergedOf(ask, head),
  ]);
  const cleanup_status =
    uncommitted > 0 ? "has_uncommitted" : own.length > 0 ? "has_stash" : unpushed > 0 ? "has_unpushed" : "clean";
  const given = unmerged === 0 || (branch !== undefined && submitted(branch, head));
  return {
    verdict: cleanup_status !== "clean" ? "NEEDS_RECOVERY" : given ? "SAFE_TO_NUKE" : "NEEDS_MQ_SUBMIT",
    ...{ cleanup_status, uncommitted, untracked, stashes: own.length, unpushed, unmerged, head, branch },
  };
}

async function look(git: Git): Promise<Pick<WorktreeVerdict, "head" | "branch" | "uncommitted" | "untracked">> {
  const said = await git.text(["status", "--porcelain=v2", "-z", "--branch", "--untracked-files=all"]);
  let head = "";
  let branch: string | undefined;
  let [changed, untracked] = [0, 0];
  const entries = said.split("\0");
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] ?? "";
    if (entry.startsWith("# branch.oid ")) head = entry.slice(13);
    else if (entry.startsWith("# branch.head "))
      branch = entry.slice(14) === "(detached)" ? undefined : entry.slice(14);
    else if (entry.startsWith("? ")) untracked++;
    else if (/^[1u] /.test(entry)) changed++;
    else if (entry.startsWith("2 ")) {
      changed++;
      // The name that it had before.
      i++;
    }
  }
  return { head, branch, uncommitted: changed + untracked, untracked };
}

export interface Stash {
  readonly commit: string;
  readonly parent: string;
  /** Where it was made; undefined: on no branch. */
  readonly branch: string | undefined;
}

/** Of all worktrees of the mirror: git keeps one list for them. */
export async function stashesOf(git: Git): Promise<Stash[]> {
  const said = await git.run(["log", "--walk-reflogs", "--format=%H%x00%P%x00%gs", "refs/stash", "--"], {
    codes: [0, 128],
  });
  if (said.code !== 0) return [];
  return said.stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [commit = "", parents = "", subject = ""] = line.split("\0");
      const branch = /^(?:WIP on|On) (.+?): /.exec(subject)?.[1];
      return { commit, parent: parents.split(" ")[0] ?? "", branch: branch === "(no branch)" ? undefined : branch };
    });
}

async function unmergedOf({ git, defaultBranch, base }: VerdictAsk, head: string): Promise<number> {
  const known = [`refs/heads/${defaultBranch}`, `refs/remotes/origin/${defaultBranch}`];
  const there = (
    await Promise.all(known.map(async (ref) => ((await git.commitOf(ref)) === undefined ? [] : [ref])))
  ).flat();
  const begun = base !== undefined && (await git.commitOf(base)) !== undefined ? [base] : [];
  const plain = await count(git, [head, "--not", ...there, ...begun]);
  if (plain === 0) return 0;
  // Rebased or squashed one by one, the same change has another commit.
  const picked = await Promise.all(
    there.map((ref) => count(git, ["--right-only", "--cherry-pick", "--no-merges", `${ref}...${head}`])),
  );
  return Math.min(plain, ...picked);
}

async function count(git: Git, args: readonly string[]): Promise<number> {
  return Number(await git.text(["rev-list", "--count", ...args, "--"]));
}
