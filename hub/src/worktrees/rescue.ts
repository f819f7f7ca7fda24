import { rmSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Git } from "../rigs/index.ts";
import { isBranchOf, type WorktreeAddress } from "./address.ts";
import { stashesOf, type WorktreeVerdict } from "./verdict.ts";

const SAVER = { name: "Barnacle", email: "barnacle@localhost" };

/**
 * Saves everything that only this worktree has on branches of the mirror: commits of no branch, what is staged, what is
 * changed, untracked files, stashes. Ignored files are not saved.
 * @returns the branches, each there when this resolves
 * @throws WORKTREE_DIRTY (a repository inside it cannot be saved), GIT_FAILED
 */
export async function rescue(
  git: Git,
  address: WorktreeAddress,
  { head, branch, uncommitted, unpushed, stashes }: WorktreeVerdict,
  now: number,
): Promise<string[]> {
  const stem = `rescue/${address.kind}/${address.name}/${now.toString(36)}`;
  const saved: string[] = [];
  const keep = async (name: string, commit: string): Promise<void> => {
    await git.run(["update-ref", "--create-reflog", `refs/heads/${name}`, commit, "0".repeat(40)]);
    if ((await git.commitOf(`refs/heads/${name}`)) !== commit) {
      throw new BarnacleError("GIT_FAILED", `the rescue branch ${name} could not be made; nothing was removed`);
    }
    saved.push(name);
  };
  if (uncommitted > 0) await keep(stem, await snapshot(git, address, head, branch));
  else if (unpushed > 0) await keep(stem, head);
  if (stashes > 0) {
    const own = (await stashesOf(git)).filter((one) =>
      one.branch === undefined ? one.parent === head : one.branch === branch || isBranchOf(address, one.branch),
    );
    for (const [i, { commit }] of own.entries()) await keep(`${stem}-stash-${i + 1}`, commit);
  }
  return saved;
}

/** A commit of everything in the directory on top of `head`; what was staged apart is its second parent. */
async function snapshot(
  git: Git,
  { agent }: WorktreeAddress,
  head: string,
  branch: string | undefined,
): Promise<string> {
  const directory = await git.text(["rev-parse", "--absolute-git-dir"]);
  const indexFile = path.join(directory, "rescue-index");
  try {
    await git.run(["read-tree", head], { indexFile });
    await git.run(["add", "--all", "--", "."], { indexFile });
    const tree = await git.text(["write-tree"], { indexFile });
    await refuseNested(git, head, tree);
    const message = `Saved from ${agent}${branch === undefined ? "" : ` (${branch})`}`;
    const commit = (of: string, parents: readonly string[], text: string) =>
      git.text(["commit-tree", of, ...parents.flatMap((parent) => ["-p", parent]), "-m", text], { as: SAVER });
    // An index with conflicts is no tree; the files have both sides then.
    const staged = await git.run(["write-tree"], { codes: [0, 128] });
    const index = staged.code === 0 ? staged.stdout.trim() : tree;
    const headTree = await git.text(["rev-parse", `${head}^{tree}`]);
    const apart = index !== tree && index !== headTree;
    const parents = apart ? [head, await commit(index, [head], `${message}: what was staged`)] : [head];
    return await commit(tree, parents, message);
  } finally {
    rmSync(indexFile, { force: true });
  }
}

/** A repository inside the worktree would be saved as its commit's name alone. */
async function refuseNested(git: Git, head: string, tree: string): Promise<void> {
  const links = async (of: string) =>
    (await git.text(["ls-tree", "-r", "-z", of])).split("\0").filter((line) => line.startsWith("160000 "));
  const before = new Set((await links(head)).map((line) => line.split("\t")[1]));
  const nested = (await links(tree)).map((line) => line.split("\t")[1]).filter((name) => !before.has(name));
  if (nested.length === 0) return;
  throw new BarnacleError(
    "WORKTREE_DIRTY",
    `it holds a repository of its own that cannot be saved: ${nested.join(", ")}`,
    {
      hint: "Move that directory elsewhere first.",
    },
  );
}
