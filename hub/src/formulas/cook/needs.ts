import { every, mapped, type Step } from "../language/formula.ts";

/** What to need in the place of a step that is no more. */
export type Instead = ReadonlyMap<string, readonly string[]>;

/** The tree with needs on steps that are no more turned to what stands in their place, over any number of turns. */
export function rewired(steps: readonly Step[], instead: Instead): Step[] {
  if (instead.size === 0) return [...steps];
  const settled = new Map<string, readonly string[]>();
  const settle = (id: string, path: readonly string[]): readonly string[] => {
    const known = settled.get(id);
    if (known) return known;
    const next = instead.get(id);
    if (!next || path.includes(id)) return next ? [] : [id];
    const found = [...new Set(next.flatMap((one) => settle(one, [...path, id])))];
    if (path.length === 0) settled.set(id, found);
    return found;
  };
  return mapped(steps, (step) => [
    { ...step, needs: [...new Set(step.needs.flatMap((id) => settle(id, [])))].filter((id) => id !== step.id) },
  ]);
}

/** Of steps that belong together: those that need no other of them. */
export function entries(steps: readonly Step[]): ReadonlySet<string> {
  const inside = new Set([...every(steps)].map(({ id }) => id));
  return new Set(steps.filter(({ needs }) => !needs.some((id) => inside.has(id))).map(({ id }) => id));
}

/** Of steps that belong together: those that no other of them needs. */
export function exits(steps: readonly Step[]): string[] {
  const needed = new Set([...every(steps)].flatMap(({ needs }) => needs));
  const last = steps.filter(({ id }) => !needed.has(id)).map(({ id }) => id);
  return last.length > 0 ? last : steps.slice(-1).map(({ id }) => id);
}

export function needing(step: Step, more: readonly string[]): Step {
  return more.length === 0 ? step : { ...step, needs: [...new Set([...step.needs, ...more])] };
}
