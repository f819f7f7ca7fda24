import { every, type Step } from "../language/formula.ts";
import type { Problems } from "../source/problems.ts";

/**
 * Says which needs name no step, and which steps wait for themselves. A part may start when what it is a part of may, and
 * a whole is done when its parts are: a ring over those is one too.
 */
export function checkOrder(steps: readonly Step[], list: string, problems: Problems): void {
  const known = new Map([...every(steps)].map((step) => [step.id, step]));
  for (const step of known.values()) {
    for (const id of step.needs) {
      if (!known.has(id)) problems.add(step.origin, `${list}.${step.id}.needs`, `no step has the id "${id}"`, "needs");
    }
    const [, target] = /^children-of\((.+)\)$/.exec(step.waits_for ?? "") ?? [];
    if (target !== undefined && !known.has(target)) {
      problems.add(step.origin, `${list}.${step.id}.waits_for`, `no step has the id "${target}"`, "waits_for");
    }
    if (target === undefined && step.waits_for !== undefined && step.needs.length === 0) {
      const text = "expected needs that name the step whose children are meant, or children-of(<step>)";
      problems.add(step.origin, `${list}.${step.id}.waits_for`, text, "waits_for");
    }
    for (const need of step.needs) {
      const other = known.get(need);
      if (!other || (step.type === "epic") === (other.type === "epic")) continue;
      const text = `"${need}" cannot be needed: an epic needs only epics, other steps none`;
      problems.add(step.origin, `${list}.${step.id}.needs`, text, "needs");
    }
  }
  const ring = ringIn(steps);
  if (!ring) return;
  const origin = known.get(ring[0] ?? "")?.origin;
  if (origin)
    problems.add(origin, `${list}.${ring[0]}.needs`, `these steps wait for each other: ${ring.join(" → ")}`, "needs");
}

/** Steps that wait for each other, the first named again at the end. */
export function ringIn(steps: readonly Step[]): string[] | undefined {
  // Each step has two moments, `id` at which it may start and `id!` at which it is done.
  const after = new Map<string, string[]>();
  const note = (list: readonly Step[], parent: string | undefined): void => {
    for (const { id, needs, children } of list) {
      after.set(id, [...needs.map((need) => `${need}!`), ...(parent === undefined ? [] : [parent])]);
      after.set(`${id}!`, [id, ...children.map((child) => `${child.id}!`)]);
      note(children, id);
    }
  };
  note(steps, undefined);
  const done = new Set<string>();
  for (const start of after.keys()) {
    const path: string[] = [];
    const onPath = new Set<string>();
    const stack: { readonly at: string; next: number }[] = [];
    const enter = (at: string) => {
      stack.push({ at, next: 0 });
      path.push(at);
      onPath.add(at);
    };
    if (!done.has(start)) enter(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = after.get(top.at)?.[top.next++];
      if (next === undefined) {
        done.add(top.at);
        onPath.delete(top.at);
        path.pop();
        stack.pop();
      } else if (onPath.has(next)) {
        const ids = [...path.slice(path.indexOf(next)), next].map((one) => one.replace(/!$/, ""));
        return ids.filter((id, i) => id !== ids[i - 1]);
      } else if (!done.has(next)) enter(next);
    }
  }
  return undefined;
}
