import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { GitPort } from "./ports.ts";

export interface Pushed {
  readonly branch: string;
  readonly commit: string;
  /** Commits that the base does not have. */
  readonly ahead: number;
}

const SHOWN = 5;

/**
 * Brings a worktree's branch into the rig's repository and looks whether it arrived.
 * @throws DONE_REFUSED when something is not committed, or git does not take it
 */
export async function pushed(
  git: GitPort,
  {
    worktree: cwd,
    branch,
    repo,
    base,
  }: { readonly worktree: string; readonly branch: string; readonly repo: string; readonly base: string },
): Promise<Pushed> {
  try {
    const run = async (...args: string[]) => (await git.run(args, { cwd })).stdout.trimEnd();
    const changes = (await run("status", "--porcelain")).split("\n").filter((line) => line !== "");
    if (changes.length > 0) {
      const names = changes.slice(0, SHOWN).map((line) => line.slice(3));
      const more = changes.length > SHOWN ? ` and ${changes.length - SHOWN} more` : "";
      throw new BarnacleError("DONE_REFUSED", `not committed: ${names.join(", ")}${more}`, { details: { changes } });
    }
    const commit = await run("rev-parse", "HEAD");
    const ref = `refs/heads/${branch}`;
    const there = () => run("--git-dir", repo, "for-each-ref", "--format=%(objectname)", ref);
    const known = await there();
    // A worktree of the repository itself has pushed with its commit.
    if (known !== commit) await run("push", `--force-with-lease=${ref}:${known}`, repo, `HEAD:${ref}`);
    if ((await there()) !== commit) {
      throw new BarnacleError("DONE_REFUSED", `${branch} did not arrive in the rig's repository`, {
        details: { commit },
      });
    }
    const ahead = Number(await run("--git-dir", repo, "rev-list", "--count", `${base}..${commit}`));
    return { branch, commit, ahead };
  } catch (error) {
    if (error instanceof BarnacleError && error.code === "DONE_REFUSED") throw error;
    throw new BarnacleError("DONE_REFUSED", `the branch ${branch} cannot be pushed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
