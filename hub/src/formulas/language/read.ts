import { TYPES } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { originAt, parseSource, type SourceDocument } from "../source/document.ts";
import { type Origin, Problems } from "../source/problems.ts";
import type { Formula, Leg, Step } from "./formula.ts";
import { FormulaSource, OverlaySource } from "./schema.ts";
import { shaped } from "./shape.ts";
import { StepReader } from "./steps.ts";
import { readVariables } from "./variables.ts";

const LARGEST_FILE = 1_000_000;

/**
 * Reads one file, of TOML or, by its name, of JSON. `types`: of beads that steps may be.
 * @throws FORMULA_INVALID naming file, line, key and what was expected, for everything that is wrong at once
 */
export function readFormula(text: string, file: string, types: readonly string[] = TYPES): Formula {
  const problems = new Problems();
  const document = documentOf(text, file, problems);
  const source = document && shaped(FormulaSource, document, problems);
  const formula = document && source && formulaOf(source, document, problems, types);
  problems.throwIfAny();
  if (formula) return formula;
  throw new BarnacleError("INTERNAL", `${file}: it was refused without a reason`);
}

/** @throws FORMULA_INVALID */
export function readOverlay(text: string, file: string): readonly Override[] {
  const problems = new Problems();
  const document = documentOf(text, file, problems);
  const source = document && shaped(OverlaySource, document, problems);
  const overrides = (source?.["step-overrides"] ?? []).map((one, i): Override => {
    const origin = originAt(document as SourceDocument, ["step-overrides", i]);
    if (one.mode !== "skip" && one.description === undefined) {
      problems.add(origin, `step-overrides.${one.step_id}.description`, `it is missing; ${one.mode} needs one`);
    }
    return { step: one.step_id, mode: one.mode, description: one.description ?? "", origin };
  });
  problems.throwIfAny();
  return overrides;
}

export interface Override {
  readonly step: string;
  readonly mode: "replace" | "append" | "skip";
  readonly description: string;
  readonly origin: Origin;
}

function documentOf(text: string, file: string, problems: Problems): SourceDocument | undefined {
  if (text.length <= LARGEST_FILE) return parseSource(text, file, problems);
  problems.add({ file, line: () => undefined }, "the file", `expected at most ${LARGEST_FILE} characters`);
  return undefined;
}

function formulaOf(
  source: FormulaSource,
  document: SourceDocument,
  problems: Problems,
  types: readonly string[],
): Formula {
  const origin = originAt(document, []);
  const steps = new StepReader(document, problems, types);
  const { type = "workflow", advice = [] } = source;
  const formula: Formula = {
    ...{ name: source.formula, version: source.version ?? 1, type, description: source.description ?? "" },
    ...{ extends: source.extends ?? [], vars: readVariables(source, document, problems) },
    ...{ steps: steps.read(source.steps, ["steps"]), template: steps.read(source.template, ["template"]) },
    compose: source.compose ?? {},
    advice: advice.map(({ target, before, after, around }, i) => ({
      target,
      before: steps.read(
        [...(before ? [before] : []), ...(around?.before ?? [])],
        before ? ["advice", i, "before"] : ["advice", i, "around", "before"],
      ),
      after: steps.read(
        [...(around?.after ?? []), ...(after ? [after] : [])],
        after ? ["advice", i, "after"] : ["advice", i, "around", "after"],
      ),
    })),
    ...{ pointcuts: source.pointcuts ?? [], phase: source.phase, pour: source.pour ?? false },
    ...{ inputs: source.inputs ?? {}, prompt: source.prompts?.base, legs: source.legs ?? [] },
    ...{ synthesis: source.synthesis, output: source.output, aspects: source.aspects ?? [], origin },
  };
  checkWhole(formula, problems);
  return formula;
}

/** What each type of formula must have. */
function checkWhole(formula: Formula, problems: Problems): void {
  const { type, origin, steps, template, legs, advice, aspects, synthesis } = formula;
  const inherits = formula.extends.length > 0;
  const missing = {
    workflow: steps.length > 0 || inherits ? undefined : "steps: a workflow has at least one",
    expansion: template.length > 0 || inherits ? undefined : "template: an expansion has at least one step in it",
    aspect: advice.length + aspects.length > 0 || inherits ? undefined : "advice: an aspect has advice, or aspects",
    convoy: legs.length > 0 ? undefined : "legs: a convoy has at least one",
  }[type];
  if (missing !== undefined) {
    const [key = "", text = ""] = missing.split(/: (.*)/);
    problems.add(origin, key, `it is missing; ${text}`, "type");
  }
  unique(steps, "steps", problems);
  unique(template, "template", problems);
  for (const [list, legsOf] of [
    ["legs", legs],
    ["aspects", aspects],
  ] as const) {
    uniqueLegs(list, legsOf, origin, problems);
  }
  const known = new Set(legs.map(({ id }) => id));
  for (const id of synthesis?.depends_on ?? []) {
    if (!known.has(id))
      problems.add(origin, "synthesis.depends_on", `no leg has the id "${id}"`, "synthesis.depends_on");
  }
}

export function unique(steps: readonly Step[], list: string, problems: Problems): void {
  const seen = new Map<string, Step>();
  const visit = (step: Step) => {
    const first = seen.get(step.id);
    if (first) {
      problems.add(step.origin, `${list}.${step.id}.id`, `another step has the id "${step.id}"${placeOf(first)}`, "id");
    } else seen.set(step.id, step);
    for (const child of step.children) visit(child);
  };
  for (const step of steps) visit(step);
}

function placeOf({ origin }: Step): string {
  const line = origin.line("id");
  return line === undefined ? "" : ` (${origin.file}:${line})`;
}

function uniqueLegs(list: string, legs: readonly Leg[], origin: Origin, problems: Problems): void {
  for (const [i, { id }] of legs.entries()) {
    if (legs.findIndex((leg) => leg.id === id) === i) continue;
    problems.add(origin, `${list}.${id}.id`, `another of ${list} has the id "${id}"`, `${list}.${i}.id`);
  }
}
