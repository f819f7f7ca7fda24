import { every, type Formula, mapped, type Step } from "../language/formula.ts";
import { valuesFor } from "../language/variables.ts";
import type { Origin, Problems } from "../source/problems.ts";
import { globMatches } from "./advice.ts";
import { extended, type Load, loaded } from "./extends.ts";
import { entries, exits, needing, rewired } from "./needs.ts";
import { withValues } from "./texts.ts";

const DEEPEST = 5;
const MOST_STEPS = 10_000;

type Given = Readonly<Record<string, string | number | boolean>> | undefined;

/** Puts expansions in the places of steps. */
export class Expander {
  readonly #load: Load;
  readonly #problems: Problems;
  #made = 0;

  constructor(load: Load, problems: Problems) {
    this.#load = load;
    this.#problems = problems;
  }

  /** Steps that name their own expansion. */
  inline(steps: readonly Step[]): Step[] {
    const instead = new Map<string, readonly string[]>();
    const made = mapped(steps, (step) => {
      if (step.expand === undefined) return [step];
      const { expand, expand_vars, ...plain } = step;
      return this.#put(plain, expand, expand_vars, step.origin, `steps.${step.id}.expand`, "expand", 1, instead);
    });
    return rewired(made, instead);
  }

  /** `compose.expand`, then `compose.map`. */
  composed(steps: readonly Step[], { compose, origin }: Formula): Step[] {
    let list = [...steps];
    for (const [i, { target, with: name, vars }] of (compose.expand ?? []).entries()) {
      const key = `compose.expand.${i}`;
      if (![...every(list)].some(({ id }) => id === target)) {
        this.#problems.add(origin, `${key}.target`, `no step has the id "${target}"`, `${key}.target`);
      }
      list = this.#all(list, ({ id }) => id === target, name, vars, origin, key);
    }
    for (const [i, { select, with: name, vars }] of (compose.map ?? []).entries()) {
      const key = `compose.map.${i}`;
      if (![...every(list)].some(({ id }) => globMatches(select, id))) {
        this.#problems.add(origin, `${key}.select`, `no step fits "${select}"`, `${key}.select`);
      }
      list = this.#all(list, ({ id }) => globMatches(select, id), name, vars, origin, key);
    }
    return list;
  }

  #all(steps: readonly Step[], fits: (step: Step) => boolean, name: string, vars: Given, origin: Origin, key: string) {
    const instead = new Map<string, readonly string[]>();
    const before = new Set([...every(steps)].filter(fits));
    const made = mapped(steps, (step) =>
      before.has(step) ? this.#put(step, name, vars, origin, `${key}.with`, `${key}.with`, 1, instead) : [step],
    );
    return rewired(made, instead);
  }

  #put(
    ...[target, name, given, origin, key, at, depth, instead]: [
      ...[Step, string, Given, Origin, string, string, number],
      Map<string, readonly string[]>,
    ]
  ): Step[] {
    if (depth > DEEPEST) {
      this.#problems.add(origin, key, `expansions are nested more than ${DEEPEST} deep at "${name}"`, at);
      return [target];
    }
    const found = loaded(this.#load, name, { origin: { ...origin, line: () => origin.line(at) } }, this.#problems, key);
    if (!found) return [target];
    const expansion = extended(found, this.#load, this.#problems);
    if (expansion.type !== "expansion") {
      this.#problems.add(origin, key, `${name} is of type ${expansion.type}, expected an expansion`, at);
      return [target];
    }
    const texts = Object.fromEntries(Object.entries(given ?? {}).map(([one, value]) => [one, String(value)]));
    const values = valuesFor(expansion, texts, this.#problems, true);
    const { id, title, description = "" } = target;
    const named = {
      ...Object.fromEntries(values),
      ...{ target: id, "target.title": title, "target.description": description },
    };
    const template = expansion.template.map((step) => withValues(step, named));
    this.#made += template.length;
    if (this.#made > MOST_STEPS) {
      this.#problems.add(origin, key, `expansions make more than ${MOST_STEPS} steps`, at);
      return [target];
    }
    const first = entries(template);
    const last = exits(template);
    const steps = template.flatMap((one): Step[] => {
      const linked = first.has(one.id) ? needing(one, target.needs) : one;
      const step = {
        ...linked,
        conditions: [...target.conditions, ...linked.conditions],
        ...(first.has(one.id) ? inherited(target, linked) : {}),
      };
      if (step.expand === undefined) return [step];
      const { expand, expand_vars, ...plain } = step;
      return this.#put(
        plain,
        expand,
        expand_vars,
        step.origin,
        `template.${step.id}.expand`,
        "expand",
        depth + 1,
        instead,
      );
    });
    // A template may keep its target as one of its own steps.
    if (!template.some((step) => step.id === id)) instead.set(id, last);
    return steps;
  }
}

/** What stood before the target stands before the first of what came in its place. */
function inherited({ gate, holdUntil, waits_for }: Step, step: Step): Partial<Step> {
  return {
    ...(gate && !step.gate ? { gate } : {}),
    ...(holdUntil ? { holdUntil: [...holdUntil, ...(step.holdUntil ?? [])] } : {}),
    ...(waits_for !== undefined && step.waits_for === undefined ? { waits_for } : {}),
  };
}
