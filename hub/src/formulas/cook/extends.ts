import type { Compose, Formula, Step } from "../language/formula.ts";
import type { Problems } from "../source/problems.ts";

export type Load = (name: string) => Formula;

/**
 * A formula with all that it extends: parents in order, steps appended, a step of the same id in the place of the parent's;
 * of variables the child's, else the earliest parent's. A ring is a problem that names it.
 */
export function extended(formula: Formula, load: Load, problems: Problems, chain: readonly string[] = []): Formula {
  if (formula.extends.length === 0) return formula;
  const here = [...chain, formula.name];
  const parents = formula.extends.flatMap((name) => {
    if (here.includes(name)) {
      const ring = [...here.slice(here.indexOf(name)), name].join(" → ");
      problems.add(formula.origin, "extends", `a formula cannot extend itself: ${ring}`, "extends");
      return [];
    }
    const parent = loaded(load, name, formula, problems, "extends");
    return parent ? [extended(parent, load, problems, here)] : [];
  });
  const all = [...parents, formula];
  const vars = new Map(formula.vars);
  for (const parent of parents) for (const [name, one] of parent.vars) if (!vars.has(name)) vars.set(name, one);
  return {
    ...formula,
    description: all.findLast(({ description }) => description !== "")?.description ?? "",
    vars,
    steps: all.map(({ steps }) => steps).reduce(over),
    template: all.map(({ template }) => template).reduce(over),
    compose: all.map(({ compose }) => compose).reduce(joined),
    advice: all.flatMap(({ advice }) => advice),
    pointcuts: all.flatMap(({ pointcuts }) => pointcuts),
    phase: formula.phase ?? parents.find(({ phase }) => phase !== undefined)?.phase,
    pour: all.some(({ pour }) => pour),
    inputs: Object.assign({}, ...parents.toReversed().map(({ inputs }) => inputs), formula.inputs),
    prompt: formula.prompt ?? parents.find(({ prompt }) => prompt !== undefined)?.prompt,
    legs: all.map(({ legs }) => legs).reduce(overById),
    aspects: all.map(({ aspects }) => aspects).reduce(overById),
    synthesis: formula.synthesis ?? parents.find(({ synthesis }) => synthesis !== undefined)?.synthesis,
    output: formula.output ?? parents.find(({ output }) => output !== undefined)?.output,
  };
}

/** Undefined: there is none, and `problems` says who asked. */
export function loaded(
  load: Load,
  name: string,
  by: Pick<Formula, "origin">,
  problems: Problems,
  key: string,
): Formula | undefined {
  try {
    return load(name);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== "NOT_FOUND") throw error;
    problems.add(by.origin, key, message, key);
    return undefined;
  }
}

function over(parent: readonly Step[], child: readonly Step[]): Step[] {
  const replaced = new Set<string>();
  const put = (steps: readonly Step[]): Step[] =>
    steps.map((step) => {
      const own = child.find(({ id }) => id === step.id);
      if (own) replaced.add(own.id);
      return own ?? (step.children.length === 0 ? step : { ...step, children: put(step.children) });
    });
  const kept = put(parent);
  return [...kept, ...child.filter(({ id }) => !replaced.has(id))];
}

function overById<T extends { readonly id: string }>(parent: readonly T[], child: readonly T[]): T[] {
  const kept = parent.map((one) => child.find(({ id }) => id === one.id) ?? one);
  return [...kept, ...child.filter((one) => !parent.some(({ id }) => id === one.id))];
}

function joined(parent: Compose, child: Compose): Compose {
  const names = new Set([...Object.keys(parent), ...Object.keys(child)]) as Set<keyof Compose>;
  return Object.fromEntries([...names].map((name) => [name, [...(parent[name] ?? []), ...(child[name] ?? [])]]));
}
