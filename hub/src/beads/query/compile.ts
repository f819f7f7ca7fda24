import type { SQLInputValue } from "node:sqlite";
import { canonicalType, parseWhen } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { type Comparison, type Expression, parseQuery } from "./parse.ts";

export interface CompiledQuery {
  readonly where: string;
  readonly parameters: SQLInputValue[];
}

type Kind = "text" | "number" | "time" | "flag";
const FIELDS: Readonly<Record<string, readonly [sql: string, kind: Kind]>> = {
  ...{ id: ["b.id", "text"], title: ["b.title", "text"], status: ["b.status", "text"], type: ["b.issue_type", "text"] },
  ...{ priority: ["b.priority", "number"], assignee: ["b.assignee", "text"], owner: ["b.owner", "text"] },
  ...{ created_by: ["b.created_by", "text"], external_ref: ["b.external_ref", "text"] },
  ...{ created: ["b.created_at", "time"], updated: ["b.updated_at", "time"], closed: ["b.closed_at", "time"] },
  ...{ due: ["b.due_at", "time"], defer: ["b.defer_until", "time"], comments: ["b.comment_count", "number"] },
  ...{ ephemeral: ["b.ephemeral", "flag"], pinned: ["b.pinned", "flag"], blocked: ["b.blocked", "flag"] },
  ...{ description: [member("description"), "text"], notes: [member("notes"), "text"] },
  ...{ design: [member("design"), "text"], acceptance: [member("acceptance_criteria"), "text"] },
  ...{ estimate: [member("estimated_minutes"), "number"], spec: [member("spec_id"), "text"] },
};
const ALIASES: Readonly<Record<string, string>> = {
  ...{ issue_type: "type", created_at: "created", updated_at: "updated", closed_at: "closed", due_at: "due" },
  ...{ defer_until: "defer", estimated_minutes: "estimate", desc: "description" },
};

function member(name: string): string {
  return `json_extract(b.line, '$.${name}')`;
}

/**
 * `status = open AND (priority <= 1 OR label = urgent) AND NOT updated < -30d`: comparisons of a field with a value, joined
 * by AND, OR, NOT and parentheses. `~` and `!~` ask whether a text contains another; `none` is an empty field.
 * @throws INPUT_INVALID saying where and what was expected
 */
export function compileQuery(text: string, now: number): CompiledQuery {
  const parameters: SQLInputValue[] = [];
  const compile = (expression: Expression): string => {
    if (expression.kind === "not") return `NOT (${compile(expression.of)})`;
    if (expression.kind === "compare") return compare(expression, parameters, now);
    return `(${compile(expression.left)} ${expression.kind === "and" ? "AND" : "OR"} ${compile(expression.right)})`;
  };
  return { where: compile(parseQuery(text)), parameters };
}

function compare(comparison: Comparison, parameters: SQLInputValue[], now: number): string {
  const { operator } = comparison;
  const name = ALIASES[comparison.field] ?? comparison.field;
  if (name === "label") return labelled(comparison, parameters);
  if (name === "parent") return parented(comparison, parameters);
  const own = /^metadata\.([\w.-]+)$/.exec(name)?.[1];
  const field =
    own === undefined ? FIELDS[name] : ([`CAST(json_extract(b.line, '$.metadata."${own}"') AS TEXT)`, "text"] as const);
  if (!field) {
    const names = [...Object.keys(FIELDS), "label", "parent", "metadata.<key>"].join(", ");
    throw new BarnacleError("INPUT_INVALID", `query: "${comparison.field}" is no field; expected one of ${names}`);
  }
  const [sql, kind] = field;
  if (comparison.value.toLowerCase() === "none" && (operator === "=" || operator === "!=")) {
    return `${sql} IS ${operator === "=" ? "" : "NOT "}NULL`;
  }
  if (operator === "~" || operator === "!~") {
    parameters.push(comparison.value);
    return `${operator === "!~" ? "NOT " : ""}(instr(lower(ifnull(${sql}, '')), lower(?)) > 0)`;
  }
  parameters.push(boundValue(comparison, kind, name, now));
  // An empty field is unlike every value, and neither before nor after one.
  if (operator === "!=") return `${sql} IS NOT ?`;
  return `ifnull(${sql} ${operator} ?, 0)`;
}

function boundValue({ value, field }: Comparison, kind: Kind, name: string, now: number): SQLInputValue {
  const wrong = (expected: string) =>
    new BarnacleError("INPUT_INVALID", `query: ${field}: expected ${expected}, found "${value.slice(0, 40)}"`);
  if (kind === "text") return name === "type" ? canonicalType(value) : value;
  if (kind === "flag") {
    if (/^(true|yes|1)$/i.test(value)) return 1;
    if (/^(false|no|0)$/i.test(value)) return 0;
    throw wrong("true or false");
  }
  if (kind === "number") {
    const number = Number(name === "priority" ? value.replace(/^p/i, "") : value);
    if (Number.isFinite(number) && value !== "") return number;
    throw wrong("a number");
  }
  // A bare distance is one back: what was touched "7d" ago lies in the past.
  const ms = parseWhen(/^\d+[smhdw]$/.test(value) ? `-${value}` : value, now);
  if (ms === undefined) throw wrong("a time such as 2026-12-24, 7d, yesterday");
  return ms;
}

function labelled({ operator, value }: Comparison, parameters: SQLInputValue[]): string {
  const any = "EXISTS (SELECT 1 FROM bead_labels l WHERE l.id = b.id";
  if (value.toLowerCase() === "none") return `${operator === "=" ? "NOT " : ""}${any})`;
  const glob = operator === "~" || operator === "!~" || value.includes("*");
  if (operator !== "=" && operator !== "!=" && operator !== "~" && operator !== "!~") {
    throw new BarnacleError("INPUT_INVALID", `query: label takes =, !=, ~ and !~, not ${operator}`);
  }
  parameters.push(glob && !value.includes("*") ? `*${value}*` : value);
  return `${operator.startsWith("!") ? "NOT " : ""}${any} AND l.label ${glob ? "GLOB" : "="} ?)`;
}

function parented({ operator, value }: Comparison, parameters: SQLInputValue[]): string {
  const any = "EXISTS (SELECT 1 FROM bead_edges e WHERE e.issue_id = b.id AND e.kind = 'parent-child'";
  if (operator !== "=" && operator !== "!=") {
    throw new BarnacleError("INPUT_INVALID", `query: parent takes = and !=, not ${operator}`);
  }
  if (value.toLowerCase() === "none") return `${operator === "=" ? "NOT " : ""}${any})`;
  parameters.push(value);
  return `${operator === "!=" ? "NOT " : ""}${any} AND e.target = ?)`;
}
