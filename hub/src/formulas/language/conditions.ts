/** What a step's `condition` says of a variable. */
export interface Condition {
  readonly variable: string;
  readonly is: "true" | "false" | "equal" | "unequal";
  readonly value: string;
}

const FORM = /^\s*(!?)\s*\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}\s*(?:(==|!=)\s*(.*?)\s*)?$/s;

export const CONDITION_FORMS = "{{v}}, !{{v}}, {{v}} == x or {{v}} != x";

/** Undefined: it is none of the four forms. */
export function parseCondition(text: string): Condition | undefined {
  const [, not, variable, sign, given] = FORM.exec(text) ?? [];
  if (variable === undefined || (not === "!" && sign !== undefined)) return undefined;
  const value = (given ?? "").replace(/^(["'])(.*)\1$/s, "$2");
  if (sign === undefined) return { variable, is: not === "!" ? "false" : "true", value };
  return { variable, is: sign === "==" ? "equal" : "unequal", value };
}

/** A variable counts as true unless it is empty, `false` or `0`. */
export function holds({ variable, is, value }: Condition, values: ReadonlyMap<string, string>): boolean {
  const found = values.get(variable) ?? "";
  if (is === "equal") return found === value;
  if (is === "unequal") return found !== value;
  return (found !== "" && found !== "false" && found !== "0") === (is === "true");
}
