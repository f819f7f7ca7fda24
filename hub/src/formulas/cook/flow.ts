import { every, type Formula, mapped, type Step } from "../language/formula.ts";
import { parseRuntimeCondition, RUNTIME_FORMS } from "../molecules/condition.ts";
import type { Problems } from "../source/problems.ts";
import { needing } from "./needs.ts";

/** Branches: all of the steps need `from`, `join` needs all of them. Then gates: what must hold before a step. */
export function withFlow(steps: readonly Step[], { compose, origin }: Formula, problems: Problems): Step[] {
  const known = new Set([...every(steps)].map(({ id }) => id));
  const more = new Map<string, string[]>();
  const need = (id: string, needs: readonly string[]) => more.set(id, [...(more.get(id) ?? []), ...needs]);
  for (const [i, { from, steps: between, join }] of (compose.branch ?? []).entries()) {
    const key = `compose.branch.${i}`;
    for (const id of [from, ...between, join]) {
      if (!known.has(id)) problems.add(origin, key, `no step has the id "${id}"`, key);
    }
    for (const id of between) need(id, [from]);
    need(join, between.length > 0 ? between : [from]);
  }
  const holds = new Map<string, string[]>();
  for (const [i, { before, condition }] of (compose.gate ?? []).entries()) {
    const key = `compose.gate.${i}`;
    if (!known.has(before)) problems.add(origin, `${key}.before`, `no step has the id "${before}"`, `${key}.before`);
    if (!condition.includes("{") && !parseRuntimeCondition(condition)) {
      problems.add(origin, `${key}.condition`, `expected ${RUNTIME_FORMS}; found "${condition}"`, `${key}.condition`);
    }
    holds.set(before, [...(holds.get(before) ?? []), condition]);
  }
  return mapped(steps, (step) => {
    const held = holds.get(step.id);
    const one = needing(step, more.get(step.id) ?? []);
    return [held ? { ...one, holdUntil: [...(one.holdUntil ?? []), ...held] } : one];
  });
}
