import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { BeadReads } from "../beads/index.ts";
import { planOf, type StagePlan } from "./plan.ts";
import { isStaged } from "./states.ts";
import { CONVOY, isDone, trackedIds } from "./tracked.ts";
import type { ConvoyWriter, NewConvoy } from "./writer.ts";

export interface StageParams extends Omit<NewConvoy, "beads" | "fromEpic" | "title" | "status" | "id" | "key"> {
  /** Epics and tasks; or one staged convoy, to stage it again. */
  readonly ids: readonly string[];
  readonly title?: string;
  /** Of an epic: without the bead that checks the whole at the end. */
  readonly noValidate?: boolean;
}

export interface Staged extends Omit<StagePlan, "tasks" | "epic"> {
  readonly status: "staged_ready" | "staged_warnings" | "error";
  /** Empty when there were errors: then no convoy was made. */
  readonly convoy_id: string;
  /** It was staged before. */
  readonly restaged: boolean;
  readonly validation_bead_id: string;
}

/** Makes a staged convoy of what is ready to be planned, or plans a staged one anew. @throws CONVOY_REFUSED, BEAD_CYCLE */
export function stage(convoys: ConvoyWriter, params: StageParams): Staged {
  const { beads, ports } = convoys;
  const { ids, title, noValidate = false, ...given } = params;
  const before = stagedBefore(convoys, ids);
  const from = before ? sourcesOf(before) : ids;
  const planning = {
    ...{ sql: beads.sql, reads: new BeadReads(beads.sql, () => beads.now), rigs: ports.rigs, again: before?.id },
  };
  let plan = planOf(planning, from);
  const { epic } = plan;
  if (plan.errors.length > 0) return answer(plan, "error", "", before !== undefined, "");
  const validation = epic && !noValidate ? validationOf(convoys, epic, plan.tasks) : "";
  if (validation !== "") plan = planOf(planning, from);
  const status = plan.warnings.length > 0 ? "staged_warnings" : "staged_ready";
  if (before) {
    const known = trackedIds(before);
    convoys.remove(
      before.id,
      known.filter((id) => !plan.tasks.includes(id)),
    );
    convoys.add(before.id, plan.tasks);
    if (title !== undefined) beads.update(before.id, { title });
    convoys.transition(before.id, status);
    convoys.say(before.id, "staged");
    return answer(plan, status, before.id, true, validation);
  }
  const name = title ?? epic?.title ?? (plan.tasks.length === 1 ? plan.tree[0]?.title : undefined);
  const made = convoys.create({
    ...given,
    ...{ title: name ?? `${plan.tasks.length} tasks`, beads: plan.tasks, status },
    metadata: { ...(given.metadata as object | undefined), staged_from: from },
  });
  return answer(plan, status, made.id, false, validation);
}

/** A convoy given by its own id, or one that was staged from the same. */
function stagedBefore(convoys: ConvoyWriter, ids: readonly string[]): BeadRecord | undefined {
  const reads = new BeadReads(convoys.beads.sql, () => convoys.beads.now);
  const whole = ids.map((part) => {
    try {
      return reads.resolve(part);
    } catch {
      return part;
    }
  });
  const [first = ""] = whole;
  const named = convoys.beads.find(first);
  if (whole.length === 1 && named?.issue_type === CONVOY) {
    if (isStaged(named.status)) return named;
    throw new BarnacleError("CONVOY_REFUSED", `${named.id} cannot go from ${named.status} to staged_ready`, {
      details: { id: named.id, from: named.status, to: "staged_ready" },
    });
  }
  return convoys.reads
    .list({ status: "staged_ready,staged_warnings" })
    .map(({ id }) => convoys.beads.need(id).bead)
    .find((bead) => JSON.stringify(sourcesOf(bead).toSorted()) === JSON.stringify(whole.toSorted()));
}

function sourcesOf(convoy: BeadRecord): readonly string[] {
  const from = (convoy.metadata as { staged_from?: unknown } | undefined)?.staged_from;
  return Array.isArray(from) && from.every((id) => typeof id === "string") ? from : trackedIds(convoy);
}

/** The last task of an epic: looking at the whole, after everything else. The same one when it is staged again. */
function validationOf({ beads }: ConvoyWriter, epic: BeadRecord, tasks: readonly string[]): string {
  const made = beads.create({
    ...{ title: [..."Validate: ", ...epic.title].slice(0, 500).join(""), issue_type: "task", parent: epic.id },
    ...{ key: `convoy-validation:${epic.id}`, priority: epic.priority, labels: ["gt:validation"] },
    description: `Everything below ${epic.id} is done: check it as a whole against what it was for.`,
  });
  if (isDone(made.status)) return "";
  for (const task of tasks) if (task !== made.id) beads.addDependency(made.id, task, "blocks");
  return made.id;
}

function answer(
  { tasks: _, epic: __, ...plan }: StagePlan,
  status: Staged["status"],
  convoy_id: string,
  restaged: boolean,
  validation_bead_id: string,
): Staged {
  return { status, convoy_id, restaged, validation_bead_id, ...plan };
}
