import { hasCode } from "@barnacle/protocol/errors";
import type { GateResult, GateRunner } from "./gates.ts";
import type { Bench, Culprit, Verdict } from "./judge.ts";
import type { MergeRequest } from "./request.ts";
import type { MergeSettings } from "./settings.ts";
import type { Placed, Tree } from "./tree.ts";

export interface RigBenchOptions {
  readonly tree: Tree;
  readonly gates: GateRunner;
  readonly settings: MergeSettings;
  readonly signal: AbortSignal;
  /** A batch of one: what git cannot place is its own fault. */
  readonly alone: boolean;
  readonly culprit: (found: Culprit<MergeRequest, GateResult>) => Promise<void>;
}

/** Where requests are put on top of each other and tested: the refinery's worktree of a rig. */
export class RigBench implements Bench<MergeRequest, GateResult> {
  /** Of every commit that was tested, in their order. */
  readonly tested: GateResult[] = [];
  readonly #options: RigBenchOptions;

  constructor(options: RigBenchOptions) {
    this.#options = options;
  }

  async place(request: MergeRequest, onto: string): Promise<Placed> {
    const { tree, settings, signal, alone } = this.#options;
    const { commit_sha, id, title } = request;
    signal.throwIfAborted();
    const message = `${title.replace(/^Merge: /, "")}\n\n${id}: ${request.branch} at ${commit_sha}`;
    try {
      if (settings.squash) return await tree.squash(commit_sha, onto, message);
      const placed = await tree.rebase(commit_sha, onto);
      if ("tip" in placed || settings.on_conflict !== "auto_rebase") return placed;
      // The end of the branch may fit where a commit on the way to it does not.
      return await tree.squash(commit_sha, onto, message);
    } catch (error) {
      if (alone && hasCode(error, "GIT_FAILED")) return { conflicts: [] };
      throw error;
    }
  }

  async test(commit: string): Promise<Verdict<GateResult>> {
    const { tree, gates, signal } = this.#options;
    signal.throwIfAborted();
    await tree.show(commit);
    const verdict = await gates.run(commit);
    this.tested.push(...verdict.gates);
    return verdict;
  }

  culprit(found: Culprit<MergeRequest, GateResult>): Promise<void> {
    return this.#options.culprit(found);
  }
}
