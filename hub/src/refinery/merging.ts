import { hasCode, messageOf } from "@barnacle/protocol/errors";
import { RigBench } from "./bench.ts";
import { finish, record } from "./finishing.ts";
import type { PlannedMerge, Run, RunOutcome } from "./journal.ts";
import { judge, type Stacked } from "./judge.ts";
import { moveRequest } from "./moves.ts";
import type { MergeRequest } from "./request.ts";
import type { Workshop } from "./workshop.ts";

/** How a run ended; `unknown`: git has to be asked whether its push arrived. */
export interface RunEnd {
  readonly outcome: RunOutcome | "unknown";
  readonly detail?: string;
  /** What went into the target. */
  readonly merged?: readonly PlannedMerge[];
  readonly reworked?: readonly MergeRequest[];
}

/**
 * One try of a batch: refresh, stack, test, push, record. Each step that cannot be taken back is in the journal before it is
 * taken: a kill leaves either requests that wait as before, or a push that git knows of.
 */
export async function mergeBatch(
  shop: Workshop,
  run: Run,
  all: readonly MergeRequest[],
  signal: AbortSignal,
): Promise<RunEnd> {
  const { mirror, settings, options } = shop;
  const reworked: MergeRequest[] = [];
  let pushing = false;
  try {
    await shop.step("claimed");
    const base = await mirror.refresh(run.target);
    await shop.note(run.run, { base, log: shop.logOf(run.run) });
    const requests = await withCommits(shop, all);
    const current = { ...run, base, log: shop.logOf(run.run) };
    const bench = new RigBench({
      ...{ tree: shop.tree, gates: shop.gates(run.run, signal), settings, signal, alone: requests.length === 1 },
      culprit: async ({ member, before, verdict }) => {
        const blame = { reason: "gates", text: verdict.text ?? "", base: before } as const;
        await shop.write((writer) => options.outcomes.rework(writer, current, member, blame));
        reworked.push(member);
        await shop.step("culprit");
      },
    });
    const how = { retries: settings.retry_flaky_tests, each: settings.verify_members };
    const judged = await judge(requests, base, bench, how);
    signal.throwIfAborted();
    await shop.step("tested");
    for (const { member, onto, files } of judged.conflicts) {
      const named = files.length > 0 ? `conflicts in ${files.join(", ")}` : "git cannot put it on top of the target";
      const blame = { reason: "conflict", text: named, base: onto, files } as const;
      await shop.write((writer) => options.outcomes.rework(writer, current, member, blame));
      reworked.push(member);
    }
    if (judged.good.length === 0) {
      const detail = judged.baseRed?.text;
      const outcome = judged.baseRed ? "red" : "nothing";
      await finish(shop, run, outcome, detail);
      return { outcome, reworked, ...(detail === undefined ? {} : { detail }) };
    }
    const plan = { merges: await planned(shop, judged.good), gates: bench.tested };
    await shop.note(run.run, { stage: "pushing", tip: judged.tip, plan, gate: null });
    pushing = true;
    await shop.step("pushing");
    if (judged.tip !== base && !(await mirror.push(run.target, judged.tip, base))) {
      await finish(shop, run, "overtaken");
      return { outcome: "overtaken", reworked };
    }
    await shop.step("pushed");
    await record(shop, run.run);
    return { outcome: "merged", merged: plan.merges, reworked };
  } catch (error) {
    // Whether a push that broke off arrived, only the origin knows.
    if (pushing && !hasCode(error, "PUSH_REFUSED")) return { outcome: "unknown", detail: messageOf(error), reworked };
    const outcome = signal.aborted ? "held" : "failed";
    const detail = signal.aborted ? String(signal.reason?.message ?? signal.reason) : messageOf(error);
    await finish(shop, run, outcome, detail);
    return { outcome, detail, reworked };
  }
}

/** Those whose commit is there; what git has lost nobody can merge. */
async function withCommits(shop: Workshop, requests: readonly MergeRequest[]): Promise<MergeRequest[]> {
  const found: MergeRequest[] = [];
  for (const request of requests) {
    const { id, commit_sha } = request;
    if ((await shop.mirror.resolve(commit_sha)) !== undefined) found.push(request);
    else {
      const text = `the repository has no commit ${commit_sha}`;
      await shop.write((writer) =>
        moveRequest(writer, id, { to: "closed", fields: { close_reason: "rejected" }, text }),
      );
    }
  }
  return found;
}

function planned({ mirror }: Workshop, good: readonly Stacked<MergeRequest>[]): Promise<PlannedMerge[]> {
  return Promise.all(
    good.map(async ({ member, before, tip }) => ({
      ...{ request: member.id, branch: member.branch, commit: member.commit_sha, base: before, merged: tip },
      ...(member.source_issue === undefined ? {} : { source: member.source_issue }),
      ...(member.worker === undefined ? {} : { worker: member.worker }),
      commits: await mirror.commits(before, tip),
    })),
  );
}
