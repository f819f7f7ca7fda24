import type { Static, TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler, type ValueError } from "@sinclair/typebox/compiler";
import { BarnacleError, type ErrorCode } from "../errors/index.ts";

/** A compiled schema. `parse` returns the value typed, or throws naming every member that was wrong and what was expected. */
export interface Validator<T extends TSchema> {
  readonly schema: T;
  check(value: unknown): value is Static<T>;
  parse(value: unknown, what: string, code?: ErrorCode): Static<T>;
  problems(value: unknown): Problem[];
}

export interface Problem {
  /** JSON pointer, "" for the root. */
  readonly path: string;
  readonly expected: string;
}

const MOST_PROBLEMS = 8;

/** Compiles on first use, so that importing a schema costs nothing. */
export function validator<T extends TSchema>(schema: T): Validator<T> {
  let compiled: TypeCheck<T> | undefined;
  const check = (value: unknown): value is Static<T> => {
    compiled ??= TypeCompiler.Compile(schema);
    return compiled.Check(value);
  };
  const problems = (value: unknown): Problem[] => {
    compiled ??= TypeCompiler.Compile(schema);
    const found: Problem[] = [];
    for (const error of compiled.Errors(value)) {
      if (found.some((known) => known.path === error.path)) continue;
      found.push({ path: error.path, expected: describe(error) });
      if (found.length === MOST_PROBLEMS) break;
    }
    return found;
  };
  return {
    schema,
    check,
    problems,
    parse(value, what, code = "INPUT_INVALID") {
      if (check(value)) return value;
      const list = problems(value);
      const text = list.map((p) => `${p.path === "" ? "the whole" : p.path}: ${p.expected}`).join("; ");
      throw new BarnacleError(code, `${what}: ${text}`, { details: { problems: list } });
    },
  };
}

/** A schema's `refusal` says in words what its pattern means; then the value, which may be a secret, is not repeated. */
function describe(error: ValueError): string {
  const { refusal } = error.schema as { refusal?: unknown };
  if (typeof refusal === "string" && error.value !== undefined) return refusal;
  const text = error.message.charAt(0).toLowerCase() + error.message.slice(1);
  if (error.value === undefined) return `${text}, but it is missing`;
  return `${text}, got ${shorten(error.value)}`;
}

function shorten(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
