import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Log } from "@barnacle/protocol/runtime";
import type { RefineryGit } from "./git.ts";

export interface MirrorOptions {
  /** In the rig's bare repository. */
  readonly git: RefineryGit;
  /** False: merges stay in the mirror. */
  readonly pushes: boolean;
  readonly log: Log;
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly advance: (branch: string, to: string, from: string) => Promise<void>;
}

export interface Commit {
  readonly sha: string;
  readonly subject: string;
  readonly author: string;
}

const NONE = "0".repeat(40);

/** A rig's bare repository and the origin behind it. Branches here are `refs/heads/…`, the origin's `refs/remotes/origin/…`. */
export class Mirror {
  readonly git: RefineryGit;
  readonly #options: MirrorOptions;
  #origin: boolean | undefined;

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.git = options.git;
  }

  /** Whether there is an origin that merges go to. */
  async hasOrigin(): Promise<boolean> {
    this.#origin ??= await this.git.yes("remote", "get-url", "origin");
    return this.#origin && this.#options.pushes;
  }

  /** The commit of a branch, a full name or a hash. */
  async resolve(name: string): Promise<string | undefined> {
    const { code, stdout } = await this.git.try(
      "rev-parse",
      "--verify",
      "--quiet",
      "--end-of-options",
      `${name}^{commit}`,
    );
    return code === 0 ? stdout.trim() : undefined;
  }

  branch(name: string): Promise<string | undefined> {
    return this.resolve(`refs/heads/${name}`);
  }

  /**
   * The newest commit of a branch: the origin's where there is one; the mirror follows it.
   * @throws GIT_FAILED when the origin cannot be reached, NOT_FOUND
   */
  async refresh(branch: string): Promise<string> {
    if (!(await this.hasOrigin())) {
      const here = await this.branch(branch);
      if (here !== undefined) return here;
      throw new BarnacleError("NOT_FOUND", `${this.git.cwd} has no branch ${branch}`);
    }
    const there = await this.fetch(branch);
    if (there === undefined) throw new BarnacleError("NOT_FOUND", `the origin has no branch ${branch}`);
    await this.follow(branch, there);
    return there;
  }

  /** The origin's commit of a branch, fetched. @throws GIT_FAILED when the origin cannot be reached */
  async fetch(branch: string): Promise<string | undefined> {
    const ref = `refs/heads/${branch}`;
    const tracked = `refs/remotes/origin/${branch}`;
    return this.#options.turn(async () => {
      const listed = await this.git.run("ls-remote", "origin", ref);
      if (listed === "") return undefined;
      const how = ["--quiet", "--no-tags", "--no-write-fetch-head"];
      await this.git.run("fetch", ...how, "origin", `+${ref}:${tracked}`);
      return this.resolve(tracked);
    });
  }

  /** The same where the origin may not have it, or may be away; of another commit only if that came along. */
  async fetchIfThere(branch: string, commit?: string): Promise<string | undefined> {
    if (!(await this.hasOrigin())) return undefined;
    const tip = await this.fetch(branch);
    return commit === undefined ? tip : this.resolve(commit);
  }

  /** @throws GIT_FAILED when there is one of that name */
  async createBranch(branch: string, at: string): Promise<void> {
    if (await this.hasOrigin()) await this.git.run("push", "--quiet", "origin", `${at}:refs/heads/${branch}`);
    await this.git.run("update-ref", `refs/heads/${branch}`, at, NONE);
  }

  /** Moves the mirror's branch along with the origin's. Where that cannot be, only new work begins at an older commit. */
  async follow(branch: string, to: string): Promise<void> {
    const { turn, advance, log } = this.#options;
    try {
      await turn(async () => {
        const here = await this.branch(branch);
        if (here === undefined) await this.git.run("update-ref", `refs/heads/${branch}`, to, NONE);
        else if (here !== to) await advance(branch, to, here);
      });
    } catch (error) {
      log.warn({ mirror: this.git.cwd, branch, error: messageOf(error) }, "the mirror does not follow its origin");
    }
  }

  /**
   * Compare and swap: the branch goes from `from` to `to`, at the origin where there is one. False: somebody was faster.
   * @throws PUSH_REFUSED when the origin does not take it for another reason, GIT_FAILED when it cannot be reached
   */
  async push(branch: string, to: string, from: string): Promise<boolean> {
    if (await this.hasOrigin()) {
      const lease = `--force-with-lease=refs/heads/${branch}:${from}`;
      const push = ["push", "--porcelain", lease, "origin", `${to}:refs/heads/${branch}`];
      const { code, stdout, stderr } = await this.#options.turn(() => this.git.try(...push));
      if (code !== 0) {
        if (/\(stale info\)|\(fetch first\)|\(non-fast-forward\)|cannot lock ref/.test(stdout + stderr)) return false;
        throw refusal(branch, stdout, stderr);
      }
      return true;
    }
    try {
      await this.#options.turn(() => this.#options.advance(branch, to, from));
      return true;
    } catch (error) {
      if ((await this.branch(branch)) !== from) return false;
      throw error;
    }
  }

  /** Whether a push that may have been cut off reached its end. @throws GIT_FAILED when the origin cannot be asked */
  async landed(branch: string, tip: string): Promise<boolean> {
    const now = (await this.hasOrigin()) ? await this.fetch(branch) : await this.branch(branch);
    return now !== undefined && (await this.contains(now, tip));
  }

  /** Whether `old` is part of `newer`. */
  async contains(newer: string, old: string): Promise<boolean> {
    return this.git.yes("merge-base", "--is-ancestor", old, newer);
  }

  /** From the first to the last. */
  async commits(base: string, tip: string): Promise<Commit[]> {
    const text = await this.git.run("log", "--reverse", "--format=%H%x00%an%x00%s", `${base}..${tip}`);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\0"))
      .map(([sha = "", author = "", subject = ""]) => ({ sha, author, subject }));
  }

  /** Keeps a commit from being swept away, whatever becomes of its branch. */
  async keep(commit: string): Promise<void> {
    await this.git.run("update-ref", `refs/barnacle/mq/${commit}`, commit);
  }

  /**
   * Removes branches, here and at the origin, that still stand where their work was merged from. One that is checked out
   * stays until a later time.
   */
  async dropMerged(merged: readonly { readonly branch: string; readonly commit: string }[]): Promise<void> {
    const listed = await this.git.run("for-each-ref", "--format=%(objectname) %(refname)");
    const refs = new Map(listed.split("\n").map((line) => [line.slice(line.indexOf(" ") + 1), line.split(" ")[0]]));
    const inUse = new Set((await this.git.run("worktree", "list", "--porcelain")).split("\n"));
    for (const { branch, commit } of merged) {
      const kept = `refs/barnacle/mq/${commit}`;
      if (refs.has(kept)) await this.git.try("update-ref", "-d", kept);
      const own = `refs/heads/${branch}`;
      if (inUse.has(`branch ${own}`)) continue;
      if (refs.get(own) === commit) await this.git.try("update-ref", "-d", own, commit);
      if (refs.get(`refs/remotes/origin/${branch}`) !== commit || !(await this.hasOrigin())) continue;
      const lease = `--force-with-lease=${own}:${commit}`;
      await this.#options.turn(() => this.git.try("push", "--quiet", lease, "origin", `:${own}`));
    }
  }
}

function refusal(branch: string, stdout: string, stderr: string): BarnacleError {
  const words = `${stdout}\n${stderr}`;
  const said = words
    .split("\n")
    .filter((line) => /^(remote:|!|error:|fatal:)/.test(line))
    .join("\n")
    .slice(0, 1_000);
  const checkedOut = words.includes("denyCurrentBranch") || words.includes("checked out");
  const refused = /remote rejected|\[rejected\]|denied|protected/i.test(words);
  return new BarnacleError(
    refused || checkedOut ? "PUSH_REFUSED" : "GIT_FAILED",
    `the origin did not take ${branch}: ${said || words.trim().slice(-300)}`,
    checkedOut
      ? {
          hint: "There the branch is checked out: git config receive.denyCurrentBranch updateInstead, or a bare origin.",
        }
      : {},
  );
}
