import type { Step } from "../language/formula.ts";

const SINGLE = /(?<!\{)\{([A-Za-z_][\w.]*)\}(?!\})/g;
const DOUBLE = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;

/** Replaces `{name}`; names that are not known stay. */
export function single(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(SINGLE, (whole, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? "") : whole));
}

/** Replaces `{{name}}`, once: what a value brings along is left as it is. Names that are not known stay. */
export function double(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(DOUBLE, (whole, name: string) => values.get(name) ?? whole);
}

/** A step with all below it, each of its texts put through `change`. */
export function withTexts<T>(value: T, change: (text: string) => string): T {
  if (typeof value === "string") return change(value) as T;
  if (Array.isArray(value)) return value.map((one) => withTexts(one, change)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, key === "origin" ? one : withTexts(one, change)]);
  return Object.fromEntries(entries) as T;
}

export function withValues(step: Step, values: Readonly<Record<string, string>>): Step {
  return withTexts(step, (text) => single(text, values));
}
