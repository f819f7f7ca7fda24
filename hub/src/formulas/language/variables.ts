import { originAt, type SourceDocument } from "../source/document.ts";
import type { Problems } from "../source/problems.ts";
import type { Formula, Variable } from "./formula.ts";
import type { FormulaSource } from "./schema.ts";

/** Variables of `vars`, and the inputs of a convoy, which are the same under another name. */
export function readVariables(
  { vars = {}, inputs = {} }: FormulaSource,
  document: SourceDocument,
  problems: Problems,
): ReadonlyMap<string, Variable> {
  const found = new Map<string, Variable>();
  for (const [name, given] of Object.entries(vars)) {
    const origin = originAt(document, ["vars", name]);
    const { required = false, type = "string", ...rest } = typeof given === "object" ? given : { default: given };
    const variable: Variable = {
      ...(rest.description === undefined ? {} : { description: rest.description }),
      ...(rest.default === undefined ? {} : { default: String(rest.default) }),
      ...(rest.enum === undefined ? {} : { enum: rest.enum.map(String) }),
      ...(rest.pattern === undefined ? {} : { pattern: rest.pattern }),
      ...{ required, type, origin },
    };
    found.set(name, variable);
    const key = `vars.${name}`;
    if (required && variable.default !== undefined) {
      problems.add(origin, key, "it is required and has a default; expected one of both", "default");
    }
    if (variable.pattern !== undefined && !isPattern(variable.pattern)) {
      problems.add(origin, `${key}.pattern`, `"${variable.pattern}" is no regular expression`, "pattern");
    } else if (variable.default !== undefined) {
      const wrong = wrongValue(variable, variable.default);
      if (wrong !== undefined) problems.add(origin, `${key}.default`, wrong, "default");
    }
  }
  for (const [name, { description, required = false, default: fallback }] of Object.entries(inputs)) {
    if (found.has(name)) continue;
    found.set(name, {
      ...(description === undefined ? {} : { description }),
      ...(fallback === undefined ? {} : { default: String(fallback) }),
      ...{ required, type: "string", origin: originAt(document, ["inputs", name]) },
    });
  }
  return found;
}

/**
 * The value of each variable: what was given, else its default. What has neither keeps its place in the text.
 * Everything that is wrong is a problem: missing, unknown, of another type, not in the list, against the pattern.
 */
export function valuesFor(
  { vars, inputs, origin, name: formula }: Formula,
  given: Readonly<Record<string, string>>,
  problems: Problems,
  complete: boolean,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, variable] of vars) {
    const value = given[name] ?? variable.default;
    if (value !== undefined) values.set(name, value);
    const unless = inputs[name]?.required_unless ?? [];
    const needed = variable.required || (unless.length > 0 && unless.every((other) => !given[other]));
    if (complete && needed && (value === undefined || value === "")) {
      const or = unless.length > 0 ? `, or one of ${unless.join(", ")}` : "";
      const about = variable.description === undefined ? "" : ` (${variable.description})`;
      problems.add(
        variable.origin,
        `vars.${name}`,
        `it is required and was not given${about}; expected ${name}=<value>${or}`,
      );
    }
    const wrong = given[name] === undefined ? undefined : wrongValue(variable, given[name]);
    if (wrong !== undefined) problems.add(variable.origin, `vars.${name}`, wrong);
  }
  for (const [name, value] of Object.entries(given)) {
    if (!vars.has(name)) values.set(name, value);
    if (vars.has(name) || vars.size === 0) continue;
    problems.add(
      origin,
      `vars.${name}`,
      `${formula} has no such variable; it has ${[...vars.keys()].join(", ")}`,
      "vars",
    );
  }
  return values;
}

/** In words; an empty value is never wrong, only missing. */
function wrongValue({ type, enum: words, pattern }: Variable, value: string): string | undefined {
  if (value === "") return undefined;
  if (type === "int" && !/^-?\d+$/.test(value)) return `expected a whole number, found "${value}"`;
  if (type === "bool" && value !== "true" && value !== "false") return `expected true or false, found "${value}"`;
  if (words && !words.includes(value)) return `expected one of ${words.join(", ")}, found "${value}"`;
  if (pattern !== undefined && !new RegExp(pattern).test(value)) return `expected ${pattern}, found "${value}"`;
  return undefined;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) !== undefined;
  } catch {
    return false;
  }
}
