/** What a gate or a loop waits for while a molecule runs. */
export type RuntimeCondition =
  | { readonly of: "status"; readonly step: string; readonly equal: boolean; readonly value: string }
  | {
      readonly of: "output";
      readonly step: string;
      readonly path: readonly string[];
      readonly equal: boolean;
      readonly value: string;
    }
  | { readonly of: "children"; readonly step: string; readonly how: "all" | "any"; readonly status: string }
  | { readonly of: "file"; readonly file: string }
  | { readonly of: "env"; readonly name: string; readonly equal: boolean; readonly value: string };

/** What there is to look at. */
export interface RuntimeFacts {
  /** `complete`, `failed`, `in_progress`, `pending`; undefined: there is no such step. */
  status(step: string): string | undefined;
  output(step: string): unknown;
  /** Statuses, as of `status`. */
  children(step: string): readonly string[];
  fileExists(file: string): boolean;
  env(name: string): string | undefined;
}

export const RUNTIME_FORMS =
  "<step>.status == 'complete', <step>.output.<path> == true, children(<step>).all(status == 'complete'), file.exists('…') or env.X == '…'";

const STEP = "[A-Za-z0-9_{][A-Za-z0-9_.{}-]*?";
const VALUE = `(?:'([^']*)'|"([^"]*)"|(true|false|-?\\d+(?:\\.\\d+)?))`;
const STATUS = new RegExp(`^(${STEP})\\.status\\s*(==|!=)\\s*${VALUE}$`);
const OUTPUT = new RegExp(`^(${STEP})\\.output((?:\\.[A-Za-z0-9_-]+)+)\\s*(==|!=)\\s*${VALUE}$`);
const CHILDREN = new RegExp(`^children\\((${STEP})\\)\\.(all|any)\\(\\s*status\\s*==\\s*${VALUE}\\s*\\)$`);
const FILE = /^file\.exists\(\s*(?:'([^']+)'|"([^"]+)")\s*\)$/;
const ENV = new RegExp(`^env\\.([A-Za-z_][A-Za-z0-9_]*)\\s*(==|!=)\\s*${VALUE}$`);

/** Undefined: it is none of the forms. `step` alone is the step that asks. */
export function parseRuntimeCondition(given: string): RuntimeCondition | undefined {
  const text = given.trim();
  const env = ENV.exec(text);
  if (env) return { of: "env", name: env[1] ?? "", equal: env[2] === "==", value: textOf(env, 3) };
  const file = FILE.exec(text);
  if (file) return { of: "file", file: file[1] ?? file[2] ?? "" };
  const children = CHILDREN.exec(text);
  if (children) {
    return { of: "children", step: children[1] ?? "", how: children[2] as "all" | "any", status: textOf(children, 3) };
  }
  const status = STATUS.exec(text);
  if (status) return { of: "status", step: status[1] ?? "", equal: status[2] === "==", value: textOf(status, 3) };
  const output = OUTPUT.exec(text);
  if (!output) return undefined;
  const path = (output[2] ?? "").split(".").slice(1);
  return { of: "output", step: output[1] ?? "", path, equal: output[3] === "==", value: textOf(output, 4) };
}

/** The step that a condition speaks of. */
export function stepOf(condition: RuntimeCondition): string | undefined {
  return "step" in condition ? condition.step : undefined;
}

export function nowHolds(condition: RuntimeCondition, facts: RuntimeFacts): boolean {
  switch (condition.of) {
    case "status":
      return (facts.status(condition.step) === condition.value) === condition.equal;
    case "output": {
      const found = member(facts.output(condition.step), condition.path);
      return (found !== undefined && String(found) === condition.value) === condition.equal;
    }
    case "children": {
      const found = facts.children(condition.step);
      const fits = (status: string) => status === condition.status;
      // Who has no children yet keeps nobody waiting.
      return found.length === 0 || (condition.how === "all" ? found.every(fits) : found.some(fits));
    }
    case "file":
      return facts.fileExists(condition.file);
    case "env":
      return (facts.env(condition.name) === condition.value) === condition.equal;
  }
}

export function member(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function textOf(match: RegExpExecArray, at: number): string {
  return match[at] ?? match[at + 1] ?? match[at + 2] ?? "";
}
