import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { Evidence } from "./evidence.ts";
import { Journal, type Run, type RunOutcome } from "./journal.ts";
import { endLeftGroup } from "./process-group.ts";
import type { Workshop } from "./workshop.ts";

/** So many merges are looked at for branches that were checked out when they were merged. */
const SWEPT = 200;

/** The end of a run that merged nothing. */
export function finish(shop: Workshop, { run }: Run, outcome: RunOutcome, detail?: string): Promise<void> {
  return shop.write((writer) => shop.options.outcomes.finish(writer, run, outcome, detail));
}

/** After the push: the mirror follows, the store says so, merged branches go. Repeated after a crash it changes nothing more. */
export async function record(shop: Workshop, number: number): Promise<void> {
  const { mirror, options } = shop;
  const { target, tip = "" } = new Journal(options.store).need(number);
  if (await mirror.hasOrigin()) await mirror.follow(target, tip);
  const run = await shop.write((writer) => {
    const journal = new Journal(writer.sql);
    const current = journal.need(number);
    if (current.stage !== "pushing") return current;
    if (current.kind === "rollback") {
      const merge = new Evidence(writer.sql).get(current.ask.merge ?? 0);
      if (!merge) throw new BarnacleError("INTERNAL", `run ${number} takes back a merge that is not there`);
      options.outcomes.rolledBack(writer, current, merge);
    } else options.outcomes.merged(writer, current);
    return journal.need(number);
  });
  await shop.step("recorded");
  await clean(shop, run);
}

/** Removes what is merged, now or a while ago, and ends the run. */
async function clean(shop: Workshop, { run }: Run): Promise<void> {
  const { mirror, options, settings, rig } = shop;
  if (settings.delete_merged_branches) {
    try {
      await mirror.dropMerged(new Evidence(options.store).list(rig.name, SWEPT));
    } catch (error) {
      options.log.warn({ rig: rig.name, error: messageOf(error) }, "merged branches were not removed");
    }
  }
  await shop.note(run, { stage: "done", finishedAt: options.clock.now() });
}

/**
 * Brings a run to its end that a crash, or an origin out of reach, left in the middle: git says how far it came.
 * @returns whether its push had arrived
 * @throws GIT_FAILED, TIMEOUT when the origin cannot be asked
 */
export async function resume(shop: Workshop, run: Run): Promise<boolean> {
  if (run.gate) endLeftGroup(run.gate);
  if (run.stage === "recorded") {
    await clean(shop, run);
    return true;
  }
  if (run.stage === "pushing" && (await shop.mirror.landed(run.target, run.tip ?? ""))) {
    await record(shop, run.run);
    return true;
  }
  // What somebody asked for is done again from its beginning; requests wait as before.
  if (run.kind === "merge") await finish(shop, run, "interrupted");
  else await shop.note(run.run, { stage: "queued", gate: null, tip: null, plan: null });
  return false;
}
