import { every, type Formula, type Step } from "../language/formula.ts";
import { valuesFor } from "../language/variables.ts";
import type { Problems } from "../source/problems.ts";
import { extended, type Load, loaded } from "./extends.ts";
import { entries, exits, needing } from "./needs.ts";
import { double, withTexts } from "./texts.ts";

/** The bead that the steps are for. */
export interface Subject {
  readonly labels?: readonly string[];
  readonly type?: string;
  readonly priority?: number;
}

/** Attaches other formulas at bond points, where the bead that the steps are for asks for it by label, type or priority. */
export function hooked(
  steps: readonly Step[],
  { compose, origin }: Formula,
  subject: Subject | undefined,
  load: Load,
  problems: Problems,
): Step[] {
  const points = new Map((compose.bond_points ?? []).map((point) => [point.id, point]));
  const known = new Set([...every(steps)].map(({ id }) => id));
  for (const [i, point] of (compose.bond_points ?? []).entries()) {
    for (const key of ["after_step", "before_step"] as const) {
      const id = point[key];
      const at = `compose.bond_points.${i}.${key}`;
      if (id !== undefined && !known.has(id)) problems.add(origin, at, `no step has the id "${id}"`, at);
    }
  }
  let list = [...steps];
  for (const [i, hook] of (compose.hooks ?? []).entries()) {
    const key = `compose.hooks.${i}`;
    const point = points.get(hook.at);
    if (!point) {
      problems.add(origin, `${key}.at`, `no bond point has the id "${hook.at}"`, `${key}.at`);
      continue;
    }
    if (!subject || !isTriggered(hook.trigger, subject)) continue;
    const found = loaded(load, hook.attach, { origin }, problems, `${key}.attach`);
    if (!found) continue;
    const formula = extended(found, load, problems);
    const given = Object.fromEntries(Object.entries(hook.vars ?? {}).map(([name, value]) => [name, String(value)]));
    const values = valuesFor(formula, given, problems, true);
    const inside = new Set([...every(formula.steps)].map(({ id }) => id));
    const named = (id: string) => (inside.has(id) ? `${point.id}.${id}` : id);
    const rename = (step: Step): Step => ({
      ...withTexts(step, (text) => double(text, values)),
      ...{ id: named(step.id), needs: step.needs.map(named), children: step.children.map(rename) },
    });
    const first = entries(formula.steps);
    const after = point.after_step === undefined ? [] : [point.after_step];
    const attached = formula.steps.map((step) => {
      const one = rename(step);
      return first.has(step.id) ? needing(one, after) : one;
    });
    const last = exits(attached);
    list = [...list.map((step) => (step.id === point.before_step ? needing(step, last) : step)), ...attached];
  }
  return list;
}

function isTriggered(trigger: string, { labels = [], type, priority }: Subject): boolean {
  const [, what, value = ""] = /^(label|type|priority):(.+)$/.exec(trigger) ?? [];
  if (what === "label") return labels.includes(value);
  return what === "type" ? type === value : String(priority) === value.replace(/^p/i, "");
}
