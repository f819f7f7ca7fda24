import type { Static, TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler, type ValueError, ValueErrorType } from "@sinclair/typebox/compiler";
import type { Path, SourceDocument } from "../source/document.ts";
import type { Problems } from "../source/problems.ts";

const compiled = new WeakMap<TSchema, TypeCheck<TSchema>>();
const SHOWN = 40;
const DEEPEST = 6;

/**
 * The document's value in the schema's shape. Every member that is wrong is a problem, and is left out of the value, so that
 * the rest can be looked at as well; undefined when nothing of use is left.
 */
export function shaped<T extends TSchema>(
  schema: T,
  { value, file, lineOf }: SourceDocument,
  problems: Problems,
): Static<T> | undefined {
  let check = compiled.get(schema);
  if (!check) {
    check = TypeCompiler.Compile(schema);
    compiled.set(schema, check);
  }
  if (check.Check(value)) return value as Static<T>;
  const rest = structuredClone(value);
  const seen: string[] = [];
  for (const error of check.Errors(value)) {
    // What is wrong with a whole is said once, not again for its parts.
    if (seen.some((path) => error.path === path || error.path.startsWith(`${path}/`))) continue;
    seen.push(error.path);
    const path = pathOf(error.path);
    problems.addLeftOut({ file, line: () => lineOf(path) }, named(value, path), wordsFor(error));
    leaveOut(rest, path);
  }
  // What lacks a part that was left out is left out itself, and so on outwards.
  for (let depth = 0; depth < DEEPEST && !check.Check(rest); depth++) {
    for (const { path } of [...check.Errors(rest)]) leaveOut(rest, pathOf(path).slice(0, -1));
  }
  return check.Check(rest) ? (rest as Static<T>) : undefined;
}

/** As people say it: an element of a list by its id, where it has one. */
function named(value: unknown, path: Path): string {
  let at = value;
  const words = path.map((key, i) => {
    at = (at as Record<string | number, unknown> | undefined)?.[key];
    const { id } = (typeof at === "object" && at !== null ? at : {}) as { id?: unknown };
    return typeof key === "number" && typeof id === "string" && i < path.length - 1 ? id : key;
  });
  return words.length === 0 ? "the file" : words.join(".");
}

function leaveOut(value: unknown, path: Path): void {
  const around = path
    .slice(0, -1)
    .reduce((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], value);
  const key = path.at(-1);
  if (key !== undefined && typeof around === "object" && around !== null) {
    delete (around as Record<string | number, unknown>)[key];
  }
}

function pathOf(pointer: string): Path {
  return pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}

function wordsFor({ schema, type, value, message }: ValueError): string {
  if (type === ValueErrorType.ObjectAdditionalProperties) {
    const known = Object.keys((schema.properties as object | undefined) ?? {});
    if (known.length > 0) return `no such key here; expected one of ${known.join(", ")}`;
    return "no such name; expected letters, digits and _";
  }
  const words = wordsOf(schema);
  const { expected = words && `one of ${words.join(", ")}` } = schema as { expected?: string };
  if (value === undefined) return expected === undefined ? "it is missing" : `it is missing; expected ${expected}`;
  const found = `found ${shorten(value)}`;
  if (expected !== undefined) return `expected ${expected}, ${found}`;
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}, ${found}`;
}

function wordsOf({ anyOf }: TSchema): string[] | undefined {
  if (!Array.isArray(anyOf) || !anyOf.every((one: TSchema) => typeof one.const === "string")) return undefined;
  return anyOf.map((one: TSchema) => String(one.const));
}

function shorten(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a table";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text;
}
