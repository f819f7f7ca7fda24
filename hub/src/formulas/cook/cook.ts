import { holds, parseCondition } from "../language/conditions.ts";
import { every, type Formula, type Leg, type Step } from "../language/formula.ts";
import { type Override, unique } from "../language/read.ts";
import { valuesFor } from "../language/variables.ts";
import { type Origin, Problems } from "../source/problems.ts";
import { advised } from "./advice.ts";
import type { Cooked } from "./cooked.ts";
import { Expander } from "./expand.ts";
import { extended, type Load, loaded } from "./extends.ts";
import { finished } from "./finish.ts";
import { withFlow } from "./flow.ts";
import { hooked, type Subject } from "./hooks.ts";
import { unrolled } from "./loops.ts";
import { checkOrder } from "./order.ts";
import { dropped, overlaid } from "./overlays.ts";
import { double, withTexts } from "./texts.ts";

export interface CookOptions {
  readonly vars?: Readonly<Record<string, string>>;
  /** Formulas that this one names. @throws NOT_FOUND */
  readonly load: Load;
  readonly overrides?: readonly Override[];
  /** Without values: placeholders and conditions stay, nothing is required. */
  readonly asTemplate?: boolean;
  /** The bead that the steps are for. */
  readonly subject?: Subject | undefined;
}

const MOST_STEPS = 10_000;

/**
 * extends → overlays → loops, branches, gates → advice → expansions → aspects → hooks → conditions → variables.
 * @throws FORMULA_INVALID with everything that is wrong
 */
export function cook(given: Formula, options: CookOptions): Cooked {
  const { load, vars = {}, overrides = [], asTemplate = false } = options;
  const problems = new Problems();
  const formula = extended(given, load, problems);
  const values = valuesFor(formula, vars, problems, !asTemplate);
  const list = formula.type === "expansion" ? "template" : "steps";
  problems.throwIfAny();

  let steps = overlaid(sourceSteps(formula), overrides, problems);
  steps = unrolled(steps, values, problems);
  steps = withFlow(steps, formula, problems);
  const inserted = new Set<string>();
  steps = advised(steps, formula.type === "aspect" ? [] : formula.advice, [], inserted);
  const expander = new Expander(load, problems);
  steps = expander.composed(expander.inline(steps), formula);
  for (const [i, name] of (formula.compose.aspects ?? []).entries()) {
    const key = `compose.aspects.${i}`;
    const found = loaded(load, name, formula, problems, key);
    if (!found) continue;
    const aspect = extended(found, load, problems);
    if (aspect.type === "aspect") steps = advised(steps, aspect.advice, aspect.pointcuts, inserted);
    else problems.add(formula.origin, key, `${name} is of type ${aspect.type}, expected an aspect`, key);
  }
  steps = hooked(steps, formula, options.subject, load, problems);

  const count = [...every(steps)].length;
  if (count > MOST_STEPS)
    problems.add(formula.origin, list, `it has ${count} steps, expected at most ${MOST_STEPS}`, list);
  unique(steps, list, problems);
  problems.throwIfAny();
  checkOrder(steps, list, problems);
  problems.throwIfAny();

  const known = asTemplate ? new Map(Object.entries(vars)) : values;
  steps = withoutDropped(steps, known, asTemplate);
  steps = withTexts(steps, (text) => double(text, known));
  const cooked = finished(steps, formula, problems);
  problems.throwIfAny();
  const open = new Set<string>();
  withTexts(cooked, (text) => {
    for (const [, name] of text.matchAll(/\{\{\s*([A-Za-z_]\w*)\s*\}\}/g)) if (name !== undefined) open.add(name);
    return text;
  });
  return {
    ...{ formula: formula.name, version: formula.version, type: formula.type },
    description: double(formula.description, known),
    ...(formula.phase === undefined ? {} : { phase: formula.phase }),
    ...{
      pour: formula.pour,
      file: formula.origin.file,
      vars: Object.fromEntries(known),
      steps: cooked,
      open: [...open],
    },
    ...(formula.output ? { output: withTexts(formula.output, (text) => double(text, known)) } : {}),
  };
}

/** Steps as written, or made of what the other types have. */
function sourceSteps(formula: Formula): readonly Step[] {
  const { type, legs, aspects, synthesis, origin, prompt } = formula;
  if (type === "expansion") return formula.template;
  if (type === "convoy") {
    const steps = legs.map((leg, i) => legStep(leg, originOf(origin, "legs", i), prompt, "leg"));
    if (!synthesis) return steps;
    const { title, description, depends_on = [] } = synthesis;
    const needs = depends_on.length > 0 ? depends_on : legs.map(({ id }) => id);
    const plain = { children: [], conditions: [], labels: ["synthesis"], metadata: { part: "synthesis" } };
    const step: Step = { id: "synthesis", title, needs, ...plain, origin: originOf(origin, "synthesis") };
    return [...steps, description === undefined ? step : { ...step, description }];
  }
  if (type === "aspect") {
    return [
      ...formula.steps,
      ...aspects.map((one, i) => legStep(one, originOf(origin, "aspects", i), prompt, "aspect")),
    ];
  }
  return formula.steps;
}

function legStep(leg: Leg, origin: Origin, prompt: string | undefined, part: string): Step {
  const { id, title, focus, description, agent, review_only } = leg;
  const texts = [prompt, focus === undefined ? undefined : `Focus: ${focus}`, description].filter((text) => text);
  return {
    ...{ id, title, needs: [], children: [], conditions: [], labels: [part], origin },
    ...(texts.length > 0 ? { description: texts.join("\n\n") } : {}),
    metadata: { part, ...(agent === undefined ? {} : { agent }), ...(review_only ? { review_only } : {}) },
  };
}

function originOf({ file, line }: Origin, ...path: readonly (string | number)[]): Origin {
  return { file, line: (key) => line([...path, ...(key === undefined ? [] : [key])].join(".")) };
}

/** A step stays when all of its conditions hold; of a template, also while that is not known. */
function withoutDropped(steps: readonly Step[], values: ReadonlyMap<string, string>, asTemplate: boolean): Step[] {
  const stays = (text: string): boolean => {
    const condition = parseCondition(text);
    return !condition || (asTemplate && !values.has(condition.variable)) || holds(condition, values);
  };
  const kept = dropped(steps, ({ conditions }) => !conditions.every(stays));
  return asTemplate ? kept : withoutConditions(kept);
}

function withoutConditions(steps: readonly Step[]): Step[] {
  return steps.map((step) => ({ ...step, conditions: [], children: withoutConditions(step.children) }));
}
