import type { Origin } from "../source/problems.ts";
import type { FORMULA_TYPES, FormulaSource, StepSource, VAR_TYPES } from "./schema.ts";

export interface Variable {
  readonly description?: string;
  readonly default?: string;
  readonly required: boolean;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly type: (typeof VAR_TYPES)[number];
  readonly origin: Origin;
}

/** One step as it stands in a file: `depends_on` and `needs` are one list. */
export type Step = Omit<
  StepSource,
  "id" | "title" | "needs" | "depends_on" | "children" | "loop" | "labels" | "condition"
> & {
  readonly id: string;
  readonly title: string;
  readonly needs: readonly string[];
  readonly labels: readonly string[];
  /** All must hold, else the step is dropped. */
  readonly conditions: readonly string[];
  readonly children: readonly Step[];
  readonly loop?: Loop | undefined;
  /** It ends a loop that runs until something holds: iteration 1 stands before it. */
  readonly until?: Until | undefined;
  /** What must hold before it may start: forms of `molecules/condition.ts`. */
  readonly holdUntil?: readonly string[] | undefined;
  readonly origin: Origin;
};

export interface Loop {
  readonly count?: number | string | undefined;
  readonly range?: string | undefined;
  readonly until?: string | undefined;
  readonly max?: number | undefined;
  readonly var: string;
  readonly body: readonly Step[];
}

export interface Until {
  readonly condition: string;
  readonly max: number;
  readonly var: string;
}

export interface Advice {
  readonly target: string;
  readonly before: readonly Step[];
  readonly after: readonly Step[];
}

export type Compose = NonNullable<FormulaSource["compose"]>;
export type Leg = NonNullable<FormulaSource["legs"]>[number];

/** A formula that was read: shapes are right, every id is known; nothing is cooked yet. */
export interface Formula {
  readonly name: string;
  readonly version: number;
  readonly type: (typeof FORMULA_TYPES)[number];
  readonly description: string;
  readonly extends: readonly string[];
  readonly vars: ReadonlyMap<string, Variable>;
  readonly steps: readonly Step[];
  readonly template: readonly Step[];
  readonly compose: Compose;
  readonly advice: readonly Advice[];
  readonly pointcuts: NonNullable<FormulaSource["pointcuts"]>;
  readonly phase: "liquid" | "vapor" | undefined;
  readonly pour: boolean;
  readonly inputs: NonNullable<FormulaSource["inputs"]>;
  readonly prompt: string | undefined;
  readonly legs: readonly Leg[];
  readonly synthesis: FormulaSource["synthesis"];
  readonly output: FormulaSource["output"];
  readonly aspects: readonly Leg[];
  readonly origin: Origin;
}

/** Steps and all below them, in the order of the file. */
export function* every(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    yield* every(step.children);
  }
}

/** The same tree with each step put through `change`, parents first; several or none may come out. */
export function mapped(steps: readonly Step[], change: (step: Step) => readonly Step[]): Step[] {
  return steps.flatMap((step) =>
    change(step).map((one) => (one.children.length === 0 ? one : { ...one, children: mapped(one.children, change) })),
  );
}
