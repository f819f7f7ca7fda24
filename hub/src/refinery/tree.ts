import { existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { RefineryGit } from "./git.ts";

export interface TreeOptions {
  /** In the rig's bare repository. */
  readonly git: RefineryGit;
  /** Where the refinery's own worktree is, or will be. */
  readonly dir: string;
}

/** What a git that was killed leaves behind. */
const LEFT = [
  "index.lock",
  "rebase-merge",
  "rebase-apply",
  "MERGE_HEAD",
  "REVERT_HEAD",
  "CHERRY_PICK_HEAD",
  "sequencer",
];

export type Placed = { readonly tip: string } | { readonly conflicts: readonly string[] };

/** The refinery's own worktree of a rig: kept from one merge to the next, never on a branch, and nobody else works in it. */
export class Tree {
  readonly dir: string;
  readonly #repo: RefineryGit;
  readonly #git: RefineryGit;
  #own: string | undefined;

  constructor({ git, dir }: TreeOptions) {
    this.dir = dir;
    this.#repo = git;
    this.#git = git.at(dir);
  }

  /** The tree as `commit` has it; ignored files stay, whatever a cut-off merge left does not. */
  async show(commit: string): Promise<void> {
    const own = await this.#make(commit);
    for (const left of LEFT) rmSync(path.join(own, left), { recursive: true, force: true });
    await this.#git.run("checkout", "--quiet", "--force", "--detach", commit);
    await this.#git.run("clean", "-ffdq");
  }

  /** The commits of `commit` that `onto` lacks, on top of it. */
  async rebase(commit: string, onto: string): Promise<Placed> {
    await this.show(commit);
    const { code, stderr } = await this.#git.try("rebase", "--quiet", "--no-autosquash", "--empty=drop", onto);
    if (code === 0) return { tip: await this.#head() };
    const conflicts = await this.#conflicts();
    await this.#git.try("rebase", "--abort");
    if (conflicts.length > 0) return { conflicts };
    throw new BarnacleError("GIT_FAILED", `rebasing ${commit} failed: ${stderr.trim().slice(-500)}`);
  }

  /** All that `commit` changes, as one commit on top of `onto`. */
  async squash(commit: string, onto: string, message: string): Promise<Placed> {
    await this.show(onto);
    const { code, stderr } = await this.#git.try("merge", "--squash", "--quiet", commit);
    if (code !== 0) {
      const conflicts = await this.#conflicts();
      await this.show(onto);
      if (conflicts.length > 0) return { conflicts };
      throw new BarnacleError("GIT_FAILED", `merging ${commit} failed: ${stderr.trim().slice(-500)}`);
    }
    if ((await this.#git.try("diff", "--cached", "--quiet")).code === 0) return { tip: onto };
    const [name = "", email = ""] = (await this.#git.run("log", "-1", "--format=%an%x00%ae", commit)).split("\0");
    await this.#git.run("commit", "--quiet", "--no-verify", `--author=${name} <${email}>`, "-m", message);
    return { tip: await this.#head() };
  }

  /** `commit` with a branch merged into it, both histories kept. */
  async merge(branch: string, onto: string, message: string): Promise<Placed> {
    await this.show(onto);
    const { code, stderr } = await this.#git.try("merge", "--no-ff", "--no-verify", "--quiet", "-m", message, branch);
    if (code === 0) return { tip: await this.#head() };
    const conflicts = await this.#conflicts();
    await this.#git.try("merge", "--abort");
    if (conflicts.length > 0) return { conflicts };
    throw new BarnacleError("GIT_FAILED", `merging ${branch} failed: ${stderr.trim().slice(-500)}`);
  }

  /** One commit on `onto` that takes back `base..tip`. */
  async revert(onto: string, base: string, tip: string, message: string): Promise<Placed> {
    await this.show(onto);
    const merges = (await this.#git.run("rev-list", "--merges", `${base}..${tip}`)) !== "";
    const what = merges ? ["-m", "1", tip] : [`${base}..${tip}`];
    const { code, stderr } = await this.#git.try("revert", "--no-commit", ...what);
    if (code !== 0) {
      const conflicts = await this.#conflicts();
      await this.show(onto);
      if (conflicts.length > 0) return { conflicts };
      throw new BarnacleError("GIT_FAILED", `reverting ${tip} failed: ${stderr.trim().slice(-500)}`);
    }
    await this.#git.run("commit", "--quiet", "--no-verify", "--allow-empty", "-m", message);
    return { tip: await this.#head() };
  }

  /** @returns where git keeps what it knows of this worktree alone */
  async #make(commit: string): Promise<string> {
    if (this.#own !== undefined) return this.#own;
    const find = ["rev-parse", "--absolute-git-dir"];
    if (existsSync(path.join(this.dir, ".git")) && (await this.#git.yes("rev-parse", "--verify", "--quiet", "HEAD"))) {
      this.#own = await this.#git.run(...find);
      return this.#own;
    }
    rmSync(this.dir, { recursive: true, force: true });
    mkdirSync(path.dirname(this.dir), { recursive: true, mode: 0o700 });
    await this.#repo.run("worktree", "add", "--quiet", "--force", "--detach", this.dir, commit);
    this.#own = await this.#git.run(...find);
    return this.#own;
  }

  async #conflicts(): Promise<string[]> {
    const text = await this.#git.run("diff", "--name-only", "--diff-filter=U");
    return text.split("\n").filter((line) => line !== "");
  }

  #head(): Promise<string> {
    return this.#git.run("rev-parse", "HEAD");
  }
}
