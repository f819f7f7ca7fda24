import { BarnacleError, hasCode, messageOf } from "@barnacle/protocol/errors";
import { Evidence } from "./evidence.ts";
import { finish, record } from "./finishing.ts";
import type { PlannedMerge, Run } from "./journal.ts";
import type { RunEnd } from "./merging.ts";
import type { Workshop } from "./workshop.ts";

interface Made {
  readonly tip: string;
  readonly merges: readonly PlannedMerge[];
}

/** Takes a merge back, or lands an integration branch: made, tested, pushed and recorded as a merge is. */
export async function runJob(shop: Workshop, run: Run, signal: AbortSignal): Promise<RunEnd> {
  const { mirror, options } = shop;
  let pushing = false;
  try {
    const base = await mirror.refresh(run.target);
    const log = shop.logOf(run.run);
    await shop.note(run.run, { stage: "testing", startedAt: options.clock.now(), base, log });
    const made = run.kind === "rollback" ? await revert(shop, run, base) : await land(shop, run, base);
    const gates = run.ask.force ? [] : await test(shop, run, made.tip, signal);
    signal.throwIfAborted();
    await shop.note(run.run, { stage: "pushing", tip: made.tip, plan: { merges: made.merges, gates }, gate: null });
    pushing = true;
    await shop.step("pushing");
    if (made.tip !== base && !(await mirror.push(run.target, made.tip, base))) {
      await shop.note(run.run, { stage: "queued", tip: null, plan: null });
      return { outcome: "overtaken" };
    }
    await shop.step("pushed");
    await record(shop, run.run);
    return { outcome: "merged", merged: made.merges };
  } catch (error) {
    if (pushing && !hasCode(error, "PUSH_REFUSED")) return { outcome: "unknown", detail: messageOf(error) };
    if (signal.aborted) {
      await shop.note(run.run, { stage: "queued", gate: null });
      return { outcome: "held" };
    }
    const outcome = hasCode(error, "MERGE_RED") ? "red" : hasCode(error, "CONFLICT") ? "conflict" : "failed";
    await finish(shop, run, outcome, messageOf(error));
    return { outcome, detail: messageOf(error) };
  }
}

async function test(shop: Workshop, run: Run, tip: string, signal: AbortSignal) {
  const runner = shop.gates(run.run, signal);
  const gates = [];
  for (let n = 0; n <= shop.settings.retry_flaky_tests; n++) {
    await shop.tree.show(tip);
    const verdict = await runner.run(tip);
    gates.push(...verdict.gates);
    if (verdict.green) return gates;
    if (n === shop.settings.retry_flaky_tests) throw new BarnacleError("MERGE_RED", verdict.text ?? "a gate failed");
  }
  return gates;
}

async function revert(shop: Workshop, run: Run, base: string): Promise<Made> {
  const merge = new Evidence(shop.options.store).get(run.ask.merge ?? 0);
  if (!merge) throw new BarnacleError("NOT_FOUND", `there is no merge ${run.ask.merge}`);
  const { request, branch, merged } = merge;
  const subject = merge.commits.at(-1)?.subject ?? branch;
  const why = run.ask.reason ? `\n\n${run.ask.reason}` : "";
  const message = `Revert "${subject}"\n\nThis takes back ${merged} (${request ?? branch}).${why}`;
  const made = await shop.tree.revert(base, merge.base, merged, message);
  if ("tip" in made) return { tip: made.tip, merges: [] };
  throw new BarnacleError("CONFLICT", `later changes stand on it: conflicts in ${made.conflicts.join(", ")}`);
}

async function land(shop: Workshop, run: Run, base: string): Promise<Made> {
  const { mirror, tree } = shop;
  const { branch = "", epic } = run.ask;
  const commit = await mirror.refresh(branch);
  const made = await tree.merge(commit, base, `Land ${branch}${epic === undefined ? "" : `\n\n${epic}`}`);
  if ("conflicts" in made) {
    throw new BarnacleError("CONFLICT", `${branch} conflicts with ${run.target} in ${made.conflicts.join(", ")}`);
  }
  const commits = await mirror.commits(base, made.tip);
  const merge = { branch, commit, base, merged: made.tip, commits, ...(epic === undefined ? {} : { source: epic }) };
  return { tip: made.tip, merges: [merge] };
}
