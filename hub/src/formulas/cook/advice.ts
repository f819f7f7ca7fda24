import type { Advice, Formula, Step } from "../language/formula.ts";
import { needing } from "./needs.ts";
import { withValues } from "./texts.ts";

/** `*` stands for any text. */
export function globMatches(glob: string, id: string): boolean {
  const pattern = glob.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`, "s").test(id);
}

/**
 * Puts steps before and after those that an advice speaks of, each side in a chain; what is put in is not spoken of again.
 * The first before takes the target's own needs along, so that it comes right before it.
 */
export function advised(
  steps: readonly Step[],
  advice: readonly Advice[],
  pointcuts: Formula["pointcuts"],
  /** What was put in before; what is put in now is added. */
  inserted: Set<string>,
): Step[] {
  return advice.reduce<Step[]>(
    (list, one) => {
      const added = new Set<string>();
      const next = applied(list, one, pointcuts, inserted, added);
      for (const id of added) inserted.add(id);
      return next;
    },
    [...steps],
  );
}

function applied(
  steps: readonly Step[],
  advice: Advice,
  pointcuts: Formula["pointcuts"],
  inserted: ReadonlySet<string>,
  added: Set<string>,
): Step[] {
  return steps.flatMap((given) => {
    const step =
      given.children.length === 0
        ? given
        : { ...given, children: applied(given.children, advice, pointcuts, inserted, added) };
    if (inserted.has(step.id) || !globMatches(advice.target, step.id) || !isCut(step, pointcuts)) return [step];
    const before = chained(advice.before, step, step.needs);
    const after = chained(advice.after, step, [step.id]);
    for (const { id } of [...before, ...after]) added.add(id);
    const last = before.at(-1);
    return [...before, last ? needing(step, [last.id]) : step, ...after];
  });
}

function chained(steps: readonly Step[], target: Step, first: readonly string[]): Step[] {
  const { id, title, description = "", conditions } = target;
  const values = { target: id, "target.title": title, "target.description": description };
  const named = { ...values, step: id, "step.id": id, "step.title": title, "step.description": description };
  let needs = first;
  return steps.map((step) => {
    const one = withValues({ ...step, conditions: [...conditions, ...step.conditions] }, named);
    const linked = needing(one, needs);
    needs = [linked.id];
    return linked;
  });
}

function isCut({ id, type = "task", labels }: Step, pointcuts: Formula["pointcuts"]): boolean {
  if (pointcuts.length === 0) return true;
  return pointcuts.some(
    (cut) =>
      (cut.glob === undefined || globMatches(cut.glob, id)) &&
      (cut.type === undefined || cut.type === type) &&
      (cut.label === undefined || labels.includes(cut.label)),
  );
}
