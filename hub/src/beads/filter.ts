import type { SQLInputValue } from "node:sqlite";
import { canonicalType, parseWhen } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { priority } from "./input.ts";
import { compileQuery } from "./query/compile.ts";

/** What of all beads is wanted. Absent members ask for nothing. */
export interface BeadFilter {
  /** One or several, separated by commas. */
  readonly status?: string | undefined;
  readonly type?: string | undefined;
  readonly priority?: number | string | undefined;
  readonly assignee?: string | undefined;
  readonly unassigned?: boolean | undefined;
  /** All of them. */
  readonly labels?: readonly string[] | undefined;
  readonly anyLabel?: readonly string[] | undefined;
  /** `area-*` */
  readonly labelPattern?: string | undefined;
  readonly noLabels?: boolean | undefined;
  /** Everything below it, however deep. */
  readonly parent?: string | undefined;
  readonly title?: string | undefined;
  /** Full text: title, description, design, acceptance, notes, comments. */
  readonly text?: string | undefined;
  readonly createdAfter?: string | undefined;
  readonly createdBefore?: string | undefined;
  readonly updatedAfter?: string | undefined;
  readonly updatedBefore?: string | undefined;
  readonly closedAfter?: string | undefined;
  readonly closedBefore?: string | undefined;
  readonly dueAfter?: string | undefined;
  readonly dueBefore?: string | undefined;
  readonly priorityMin?: number | string | undefined;
  readonly priorityMax?: number | string | undefined;
  readonly description?: string | undefined;
  readonly overdue?: boolean | undefined;
  readonly deferred?: boolean | undefined;
  readonly pinned?: boolean | undefined;
  readonly blocked?: boolean | undefined;
  readonly externalRef?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly metadataKey?: string | undefined;
  /** Also those that are done, pinned or deleted. */
  readonly all?: boolean | undefined;
  /** An expression of the query language. */
  readonly query?: string | undefined;
  readonly sortBy?: "priority" | "created" | "updated" | "title" | "status" | "id" | "file" | undefined;
  readonly reverse?: boolean | undefined;
}

export interface Conditions {
  readonly where: string;
  readonly parameters: SQLInputValue[];
}

/** @throws INPUT_INVALID naming the member */
export function conditionsOf(filter: BeadFilter, now: number): Conditions {
  const parts: string[] = [];
  const parameters: SQLInputValue[] = [];
  const add = (text: string, ...values: SQLInputValue[]) => {
    parts.push(text);
    parameters.push(...values);
  };
  const among = (column: string, words: readonly SQLInputValue[]) =>
    add(`${column} IN (${words.map(() => "?").join(", ")})`, ...words);
  if (filter.status !== undefined) among("b.status", filter.status.split(","));
  else if (filter.pinned) add("(b.status = 'pinned' OR b.pinned = 1)");
  else if (!filter.all && filter.query === undefined) add(SHOWN);
  if (filter.type !== undefined) among("b.issue_type", filter.type.split(",").map(canonicalType));
  if (filter.priority !== undefined) among("b.priority", String(filter.priority).split(",").map(priority));
  if (filter.assignee !== undefined) add("b.assignee = ?", filter.assignee);
  if (filter.unassigned) add("b.assignee IS NULL");
  for (const label of filter.labels ?? []) add(hasLabel("="), label);
  if (filter.anyLabel?.length) {
    const marks = filter.anyLabel.map(() => "?").join(", ");
    add(`EXISTS (SELECT 1 FROM bead_labels l WHERE l.id = b.id AND l.label IN (${marks}))`, ...filter.anyLabel);
  }
  if (filter.labelPattern !== undefined) add(hasLabel("GLOB"), filter.labelPattern);
  if (filter.noLabels) add("NOT EXISTS (SELECT 1 FROM bead_labels l WHERE l.id = b.id)");
  if (filter.priorityMin !== undefined) add("b.priority >= ?", priority(filter.priorityMin));
  if (filter.priorityMax !== undefined) add("b.priority <= ?", priority(filter.priorityMax));
  if (filter.parent !== undefined) add(BELOW, filter.parent);
  if (filter.title !== undefined) add("instr(lower(b.title), lower(?)) > 0", filter.title);
  if (filter.description !== undefined) {
    add("instr(lower(ifnull(json_extract(b.line, '$.description'), '')), lower(?)) > 0", filter.description);
  }
  if (filter.text !== undefined) add(...textCondition(filter.text));
  for (const [member, column, sign] of TIMES) {
    const text = filter[member];
    if (text !== undefined) add(`${column} ${sign} ?`, when(member, text, now));
  }
  if (filter.overdue) add("b.due_at < ? AND b.status NOT IN ('closed', 'tombstone')", now);
  if (filter.deferred) add("(b.status = 'deferred' OR b.held_until > ?)", now);
  if (filter.blocked !== undefined) add("b.blocked = ?", filter.blocked ? 1 : 0);
  if (filter.externalRef !== undefined) add("b.external_ref = ?", filter.externalRef);
  for (const [key, value] of Object.entries(filter.metadata ?? {})) {
    add("CAST(json_extract(b.line, ?) AS TEXT) = ?", metadataPath(key), value);
  }
  if (filter.metadataKey !== undefined) {
    add("json_type(b.line, ?) IS NOT NULL", metadataPath(filter.metadataKey));
  }
  if (filter.query !== undefined) {
    const compiled = compileQuery(filter.query, now);
    add(compiled.where, ...compiled.parameters);
  }
  return { where: parts.length === 0 ? "1" : parts.join(" AND "), parameters };
}

const TIMES = [
  ["createdAfter", "b.created_at", ">="],
  ["createdBefore", "b.created_at", "<"],
  ["updatedAfter", "b.updated_at", ">="],
  ["updatedBefore", "b.updated_at", "<"],
  ["closedAfter", "b.closed_at", ">="],
  ["closedBefore", "b.closed_at", "<"],
  ["dueAfter", "b.due_at", ">="],
  ["dueBefore", "b.due_at", "<"],
] as const;

function metadataPath(key: string): string {
  return `$.metadata."${key.replaceAll('"', "")}"`;
}

/** What a list shows without being asked for more; own statuses that mean done or frozen are left out too. */
const SHOWN = `b.status NOT IN ('closed', 'tombstone', 'pinned') AND b.status NOT IN
  (SELECT word FROM bead_words WHERE kind = 'status' AND category IN ('done', 'frozen'))`;

/** All beads below one. */
const BELOW = `b.id IN (WITH RECURSIVE below (id) AS (
  SELECT issue_id FROM bead_edges WHERE target = ? AND kind = 'parent-child'
  UNION SELECT issue_id FROM bead_edges JOIN below ON target = below.id WHERE kind = 'parent-child') SELECT id FROM below)`;

export function hasLabel(sign: "=" | "GLOB"): string {
  return `EXISTS (SELECT 1 FROM bead_labels l WHERE l.id = b.id AND l.label ${sign} ?)`;
}

/** Every word must occur; `gat*` is the beginning of one, a text in quotes stands as it is. */
export function textCondition(text: string): [string, string] {
  return ["b.seq IN (SELECT rowid FROM bead_text WHERE bead_text MATCH ?)", matchOf(text)];
}

/** @throws INPUT_INVALID */
export function matchOf(text: string): string {
  const words = [...text.matchAll(/"([^"]+)"|(\S+)/g)].map(([, phrase, word]) => phrase ?? word ?? "");
  const terms = words
    .map((word) => ({ word: word.replace(/\*$/, ""), star: word.endsWith("*") ? "*" : "" }))
    .filter(({ word }) => /[\p{L}\p{N}]/u.test(word))
    .map(({ word, star }) => `"${word.replaceAll('"', '""')}"${star}`);
  if (terms.length === 0) throw new BarnacleError("INPUT_INVALID", "text: expected at least one word");
  return terms.join(" ");
}

export function when(member: string, text: string, now: number): number {
  const ms = parseWhen(text, now);
  if (ms !== undefined) return ms;
  throw new BarnacleError(
    "INPUT_INVALID",
    `${member}: "${text.slice(0, 40)}" is no time; expected 2026-12-24, -7d, yesterday`,
  );
}

export function orderOf({ sortBy = "priority", reverse = false }: BeadFilter): string {
  const columns = {
    priority: ["b.priority ASC", "b.created_at DESC", "b.created_sub DESC"],
    created: ["b.created_at DESC", "b.created_sub DESC"],
    updated: ["b.updated_at DESC", "b.updated_sub DESC"],
    title: ["b.title ASC"],
    status: ["b.status ASC", "b.priority ASC"],
    id: ["b.id ASC"],
    file: ["b.seq ASC"],
  }[sortBy];
  if (!columns) throw new BarnacleError("INPUT_INVALID", `sortBy: "${sortBy}" is no order`);
  const turned = columns.map((column) =>
    !reverse ? column : column.endsWith("ASC") ? column.replace(/ASC$/, "DESC") : column.replace(/DESC$/, "ASC"),
  );
  return [...turned, "b.id"].join(", ");
}
