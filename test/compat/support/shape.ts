import type { Call } from "./relay.ts";

/** `path → types seen there`, for every member below a value; `[]` is any element, `{}` any member of a map. */
type Shape = Map<string, Set<string>>;

/** Keys that are data (ids, addresses, names of channels …), not members. */
const DATA_KEY = /^[0-9a-f-]{16,}$|[:/@. ]|^\d+$/;

/** Below these lies each gateway's own configuration, or its description. */
const OWN: Readonly<Record<string, RegExp>> = {
  "config.get": /^\.(config|parsed|resolved|runtimeConfig|sourceConfig)$/,
  "config.schema": /^\.(schema|uiHints)$/,
};

function shapeOf(values: readonly unknown[], own: RegExp | undefined): Shape {
  const shape: Shape = new Map();
  for (const value of values) walk(value, "", shape, own);
  return shape;
}

function walk(value: unknown, path: string, shape: Shape, own: RegExp | undefined): void {
  const types = shape.get(path) ?? new Set();
  shape.set(path, types.add(typeOf(value)));
  if (own?.test(path)) return;
  if (Array.isArray(value)) for (const element of value) walk(element, `${path}[]`, shape, own);
  else if (value !== null && typeof value === "object") {
    for (const [key, member] of Object.entries(value)) {
      walk(member, `${path}.${DATA_KEY.test(key) ? "{}" : key}`, shape, own);
    }
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** What a gateway's answers to one method looked like: `{path: "string|null"}`, errors under `!`. */
export type Recording = Record<string, Record<string, string>>;

/** Ids, times, tokens and paths are gone from this: only members and their types are left. */
export function recordingOf(calls: readonly Call[]): Recording {
  const byMethod = Map.groupBy(calls, ({ method }) => method);
  const recording: Recording = {};
  for (const [method, of] of [...byMethod].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const answers = of.flatMap((call) => call.answers);
    const payloads = answers.filter(({ ok }) => ok === true).map(({ payload }) => payload);
    const errors = answers.filter(({ ok }) => ok !== true).map(({ error }) => error);
    recording[method] = { ...flat(shapeOf(payloads, OWN[method]), ""), ...flat(shapeOf(errors, undefined), "!") };
  }
  return recording;
}

function flat(shape: Shape, prefix: string): Record<string, string> {
  const entries = [...shape].map(([path, types]): [string, string] => [prefix + path, [...types].sort().join("|")]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A difference that is meant, for a reason; `*` matches any run of characters. */
export interface Accepted {
  readonly method: string;
  readonly path: string;
  readonly reason: string;
}

/**
 * What the real gateway's answers have and ours have not, by method both were asked: `method path: what`. Members
 * besides are no difference: every client reads tolerantly.
 */
export function differences(real: Recording, ours: Recording, accepted: readonly Accepted[]): string[] {
  const found: string[] = [];
  for (const [method, paths] of Object.entries(real)) {
    const own = ours[method];
    if (own === undefined) continue;
    for (const [path, types] of Object.entries(paths)) {
      const difference = compare(path, types, own);
      if (difference === undefined) continue;
      if (accepted.some((each) => fits(each.method, method) && fits(each.path, path))) continue;
      found.push(`${method} ${path}: ${difference}`);
    }
  }
  return found;
}

function compare(path: string, types: string, own: Record<string, string>): string | undefined {
  const mine = own[path];
  if (mine === undefined) return known(path, own) ? `missing (${types})` : undefined;
  const theirs = new Set([...types.split("|"), "null"]);
  const strange = mine.split("|").filter((type) => !theirs.has(type));
  return strange.length === 0 || types === "null" ? undefined : `${strange.join("|")} instead of ${types}`;
}

/** True when ours has what the member would be in: an element of an empty list, say, is not known to lack anything. */
function known(path: string, own: Record<string, string>): boolean {
  if (path.endsWith("[]")) return false;
  const cut = path.lastIndexOf(".");
  const parent = path.slice(0, Math.max(cut, path.startsWith("!") ? 1 : 0));
  if (path === parent || path === "") return false;
  return own[parent]?.includes("object") ?? false;
}

function fits(pattern: string, text: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[.[\]{}!()+?^$|\\]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}$`).test(text);
}
