import type { WitnessConfig } from "../config/roles.ts";
import { type CauseKind, type Finding, findings, type RigSnapshot } from "./causes.ts";

export type Step = "nudge" | "restart" | "reassign" | "escalate";

/** What is known of a cause from before. Kept in the store. Times: ms since 1970. */
export interface CauseMemory extends Finding {
  /** It is there now; else it was, within the cool-down. */
  readonly present: boolean;
  /** Index into the steps of its kind. */
  readonly step: number;
  /** The step was carried out. */
  readonly acted: boolean;
  readonly stepAt: number;
  readonly firstAt: number;
  readonly alertedAt: number;
  readonly alerts: number;
}

export interface Action {
  readonly kind: Step;
  readonly finding: Finding;
}

export interface PatrolResult {
  /** In place of all that was known. */
  readonly memory: readonly CauseMemory[];
  /** Told now: one for each cause within a cool-down. */
  readonly alerts: readonly Finding[];
  readonly actions: readonly Action[];
}

/** What is done about a cause, one after the other while it lasts. */
export const STEPS: Readonly<Record<CauseKind, readonly Step[]>> = {
  silent: ["nudge", "reassign", "escalate"],
  stuck: ["nudge", "reassign", "escalate"],
  unstarted: ["nudge", "reassign", "escalate"],
  dead: ["restart", "reassign", "escalate"],
  "crash-loop": ["reassign", "escalate"],
  "mass-death": ["escalate"],
  "error-rate": ["escalate"],
  // What is in a worktree is looked at by a person; nothing removes it.
  zombie: ["escalate"],
};

const MS = 1000;

/**
 * Looks at a rig and decides: what to tell, what to do. Nothing else is read, so the same snapshot with the same memory
 * gives the same answer; a step that was decided and not carried out is decided again, and not told again.
 */
export function patrol(
  snapshot: RigSnapshot,
  memory: readonly CauseMemory[],
  settings: WitnessConfig,
  now: number,
): PatrolResult {
  const known = new Map(memory.map((one) => [one.cause, one]));
  const found = findings(snapshot, settings, now);
  const cooldown = settings.alertCooldownSeconds * MS;
  const next: CauseMemory[] = [];
  const alerts: Finding[] = [];
  const actions: Action[] = [];
  for (const finding of found) {
    const before = known.get(finding.cause);
    const tell = before === undefined || now - before.alertedAt >= cooldown;
    if (tell) alerts.push(finding);
    const stepped = stepOf(finding, before, settings, now);
    if (!stepped.acted) actions.push({ kind: stepKind(finding, stepped.step), finding });
    next.push({
      ...finding,
      ...stepped,
      present: true,
      firstAt: before?.present ? before.firstAt : now,
      alertedAt: tell ? now : (before?.alertedAt ?? now),
      alerts: (before?.alerts ?? 0) + (tell ? 1 : 0),
    });
  }
  const present = new Set(found.map(({ cause }) => cause));
  // What is over is remembered as long as telling it again would be too soon.
  for (const one of memory) {
    if (present.has(one.cause) || now - one.alertedAt >= cooldown) continue;
    // The share of failures is counted now and then: between two counts it stays what it was.
    if (one.kind === "error-rate" && one.present && snapshot.attempts === undefined) next.push(one);
    else next.push({ ...one, present: false, step: 0, acted: true });
  }
  return { memory: next, alerts, actions };
}

function stepOf(finding: Finding, before: CauseMemory | undefined, settings: WitnessConfig, now: number) {
  if (!before?.present) return { step: 0, acted: false, stepAt: now };
  const { step, acted, stepAt } = before;
  const last = step + 1 >= STEPS[finding.kind].length;
  if (!acted || last || now - stepAt < settings.nudgeWaitSeconds * MS) return { step, acted, stepAt };
  return { step: step + 1, acted: false, stepAt: now };
}

/** Nothing to give to somebody else: it begins anew. */
function stepKind(finding: Finding, step: number): Step {
  const kind = STEPS[finding.kind][step] ?? "escalate";
  return kind === "reassign" && finding.bead === undefined ? "restart" : kind;
}
