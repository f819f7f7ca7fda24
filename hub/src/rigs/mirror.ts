import { chmodSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { type Git, REMOTE_MS } from "./git.ts";
import { checkBranch } from "./names.ts";
import { REPOSITORY } from "./table.ts";

export interface MirrorSource {
  readonly url: string;
  /** Default: the one that the origin's HEAD names. */
  readonly branch?: string | undefined;
  /** Where the managed hooks will lie. */
  readonly hooks: string;
}

/** Where a branch stands to the origin's. */
export interface Standing {
  /** Commits that the origin has not. */
  readonly ahead: number;
  readonly behind: number;
}

/**
 * Makes `<directory>/repo.git`: the origin's branches under `refs/remotes/origin`, so that no fetch ever overwrites a branch of
 * ours, and the default branch as our own.
 * @returns the default branch
 * @throws GIT_FAILED, INPUT_INVALID (no commits, no such branch), STATE_UNWRITABLE, TIMEOUT
 */
export async function makeMirror(git: Git, directory: string, source: MirrorSource): Promise<string> {
  const { url, hooks } = source;
  const repo = path.join(directory, REPOSITORY);
  await git.run(["init", "--quiet", "--bare", "--template=", "--", repo], { cwd: directory });
  const own = git.at(repo);
  for (const [key, value] of [
    ["remote.origin.url", url],
    ["remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"],
    ["core.hooksPath", hooks],
    // A branch that was acknowledged survives a power cut.
    ["core.fsync", "committed"],
    // A worktree whose directory was moved can be moved back.
    ["gc.worktreePruneExpire", "never"],
    ["extensions.worktreeConfig", "true"],
  ] as const) {
    await own.run(["config", key, value]);
  }
  // Of the repository itself, not of its worktrees.
  await own.run(["config", "--unset", "core.bare"]);
  await own.run(["config", "--file", path.join(repo, "config.worktree"), "core.bare", "true"]);
  chmodSync(path.join(repo, "config"), 0o600);
  await fetchOrigin(own);
  const branch = source.branch === undefined ? await headOf(own) : checkBranch(source.branch);
  const tip = await own.commitOf(`refs/remotes/origin/${branch}`);
  if (tip === undefined) {
    throw new BarnacleError("INPUT_INVALID", `the repository has no branch ${branch}`, {
      hint: "Name another with --branch; an empty repository needs a first commit.",
    });
  }
  await own.run(["update-ref", `refs/heads/${branch}`, tip]);
  await own.run(["symbolic-ref", "HEAD", `refs/heads/${branch}`]);
  return branch;
}

/** Brings branches and tags of the origin; ours stay. */
export async function fetchOrigin(git: Git): Promise<void> {
  await git.run(
    [
      "fetch",
      "--quiet",
      "--prune",
      "--no-write-fetch-head",
      "origin",
      "+refs/heads/*:refs/remotes/origin/*",
      "+refs/tags/*:refs/tags/*",
    ],
    { timeoutMs: REMOTE_MS },
  );
}

async function headOf(git: Git): Promise<string> {
  const said = await git.text(["ls-remote", "--symref", "origin", "HEAD"], { timeoutMs: REMOTE_MS });
  const named = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(said)?.[1];
  if (named !== undefined) return named;
  const all = (await git.text(["for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin"])).split("\n");
  const branches = all.filter((branch) => branch !== "" && branch !== "HEAD");
  const usual = ["main", "master"].find((branch) => branches.includes(branch));
  const found = usual ?? (branches.length === 1 ? branches[0] : undefined);
  if (found !== undefined) return found;
  throw new BarnacleError(
    "INPUT_INVALID",
    branches.length === 0 ? "the repository has no commits" : "the repository does not say which branch is its first",
    { hint: branches.length === 0 ? "Make a first commit there." : `Name one with --branch: ${branches.join(", ")}` },
  );
}

/** Of a branch of ours beside the origin's of the same name; undefined where one of them is missing. */
export async function standing(git: Git, branch: string): Promise<Standing | undefined> {
  const [ours, theirs] = [`refs/heads/${branch}`, `refs/remotes/origin/${branch}`];
  const { code, stdout } = await git.run(["rev-list", "--left-right", "--count", `${ours}...${theirs}`, "--"], {
    codes: [0, 128],
  });
  if (code !== 0) return undefined;
  const [ahead = 0, behind = 0] = stdout.trim().split(/\s+/).map(Number);
  return { ahead, behind };
}

/**
 * Moves a branch of ours forward, also in a worktree that has it checked out.
 * @throws CONFLICT (it is not where it was thought to be, or `to` does not contain it), GIT_FAILED (a worktree's changes are in the way)
 */
export async function advance(git: Git, branch: string, to: string, from: string): Promise<void> {
  if (!(await git.yes(["merge-base", "--is-ancestor", from, to]))) {
    throw new BarnacleError("CONFLICT", `${branch} cannot be moved to ${to.slice(0, 12)}: it would lose commits`);
  }
  const held = await worktreeOf(git, branch);
  if (held !== undefined) {
    if ((await git.commitOf(`refs/heads/${branch}`)) !== from) throw moved(branch);
    await git.run(["merge", "--quiet", "--ff-only", to], { cwd: held });
    return;
  }
  const { code } = await git.run(["update-ref", `refs/heads/${branch}`, to, from], { codes: [0, 1, 128] });
  if (code !== 0) throw moved(branch);
}

/** Puts every branch and tag into one file when some of it is not at the origin. @returns the file, or undefined: all is there */
export async function bundleUnpushed(git: Git, file: string): Promise<string | undefined> {
  const alone = Number(await git.text(["rev-list", "--count", "--branches", "--not", "--remotes=origin", "--"]));
  if (alone === 0) return undefined;
  await git.run(["bundle", "create", "--quiet", file, "--all"], { timeoutMs: REMOTE_MS });
  await git.run(["bundle", "verify", "--quiet", file], { timeoutMs: REMOTE_MS });
  return file;
}

/** The directory in which a branch is checked out. */
export async function worktreeOf(git: Git, branch: string): Promise<string | undefined> {
  const listed = await git.text(["worktree", "list", "--porcelain", "-z"]);
  for (const block of listed.split("\0\0")) {
    const lines = block.split("\0");
    if (lines.includes("bare") || lines.some((line) => line.startsWith("prunable"))) continue;
    if (lines.includes(`branch refs/heads/${branch}`)) return lines[0]?.replace(/^worktree /, "");
  }
  return undefined;
}

function moved(branch: string): BarnacleError {
  return new BarnacleError("CONFLICT", `${branch} has moved in between`, { hint: "Look at it again, then retry." });
}
