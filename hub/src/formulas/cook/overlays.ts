import { every, mapped, type Step } from "../language/formula.ts";
import type { Override } from "../language/read.ts";
import type { Problems } from "../source/problems.ts";
import { type Instead, rewired } from "./needs.ts";

/** Steps with another text, more text, or without some of them: what needed one of those needs what it needed. */
export function overlaid(steps: readonly Step[], overrides: readonly Override[], problems: Problems): Step[] {
  const known = new Set([...every(steps)].map(({ id }) => id));
  for (const { step, origin } of overrides) {
    if (!known.has(step)) problems.add(origin, `step-overrides.${step}`, `no step has the id "${step}"`, "step_id");
  }
  const by = new Map(overrides.map((one) => [one.step, one]));
  const skipped = new Set(overrides.filter(({ mode }) => mode === "skip").map(({ step }) => step));
  const changed = mapped(steps, (step) => {
    const found = by.get(step.id);
    if (!found || found.mode === "skip") return [step];
    const before = step.description ?? "";
    const more = found.mode === "append" && before !== "" ? `${before}\n\n${found.description}` : found.description;
    return [{ ...step, description: more }];
  });
  return dropped(changed, ({ id }) => skipped.has(id));
}

/** Without these and all below them; what needed one needs what it and those around it needed. */
export function dropped(steps: readonly Step[], isGone: (step: Step) => boolean): Step[] {
  const instead = new Map<string, readonly string[]>();
  const leave = (step: Step, inherited: readonly string[]): void => {
    const needs = [...step.needs, ...inherited];
    instead.set(step.id, needs);
    for (const child of step.children) leave(child, needs);
  };
  const kept = mapped(steps, (step) => {
    if (!isGone(step)) return [step];
    leave(step, []);
    return [];
  });
  return rewired(withoutLostWaits(kept, instead), instead);
}

/** Who waited for the children of a step that is no more waits for nothing. */
function withoutLostWaits(steps: readonly Step[], gone: Instead): Step[] {
  return mapped(steps, (step) => {
    if (step.waits_for === undefined) return [step];
    const target = /^children-of\((.+)\)$/.exec(step.waits_for)?.[1] ?? step.needs[0];
    return [target !== undefined && gone.has(target) ? { ...step, waits_for: undefined } : step];
  });
}
