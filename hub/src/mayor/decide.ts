/** A bead of a goal as it stands. */
export interface GoalBead {
  readonly bead: string;
  readonly rig: string;
  readonly status: string;
  /** Others are in its way, or it is put off until later. */
  readonly held: boolean;
  readonly assignee?: string | undefined;
  /** It waits for a worker. */
  readonly queued: boolean;
}

export interface GoalState {
  readonly id: string;
  readonly title: string;
  readonly convoy?: string | undefined;
  readonly beads: readonly GoalBead[];
  /** Beads that people were told of, because they go on only with help. */
  readonly stuck: readonly string[];
}

export type MayorAction =
  | { readonly kind: "convoy"; readonly goal: string }
  | { readonly kind: "queue"; readonly goal: string; readonly bead: string; readonly rig: string }
  /** All that is stuck now; told of are those that are new. */
  | {
      readonly kind: "stuck";
      readonly goal: string;
      readonly beads: readonly string[];
      readonly fresh: readonly string[];
    }
  | { readonly kind: "done"; readonly goal: string };

const OVER: ReadonlySet<string> = new Set(["closed", "tombstone"]);

/** What the mayor does now, from nothing but how its goals stand: the same again after a restart. */
export function decide(goals: readonly GoalState[]): MayorAction[] {
  return goals.flatMap((goal) => {
    const { id, convoy, beads } = goal;
    if (convoy === undefined) return [{ kind: "convoy" as const, goal: id }];
    if (beads.every(({ status }) => OVER.has(status))) return [{ kind: "done" as const, goal: id }];
    const queue = beads
      .filter(({ status, held, assignee, queued }) => status === "open" && !held && !assignee && !queued)
      .map(({ bead, rig }) => ({ kind: "queue" as const, goal: id, bead, rig }));
    return [...queue, ...stuckOf(goal)];
  });
}

/** Set aside after its last attempt: it needs a person. */
function stuckOf({ id, beads, stuck }: GoalState): MayorAction[] {
  const now = beads.filter(({ status }) => status === "blocked").map(({ bead }) => bead);
  const fresh = now.filter((bead) => !stuck.includes(bead));
  const over = stuck.some((bead) => !now.includes(bead));
  return fresh.length > 0 || over ? [{ kind: "stuck", goal: id, beads: now, fresh }] : [];
}
