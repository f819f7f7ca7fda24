import { BarnacleError, messageOf } from "../errors/index.ts";
import { membersOf, objectText } from "./members.ts";
import type { BeadRecord } from "./record.ts";

/** The order in which members stand in a line. */
const ORDER = `id title description design acceptance_criteria notes spec_id status priority issue_type assignee owner
  estimated_minutes created_at created_by updated_at started_at closed_at close_reason closed_by_session due_at defer_until
  external_ref source_system metadata compaction_level compacted_at compacted_at_commit original_size labels dependencies
  comments deleted_at deleted_by delete_reason original_type sender ephemeral no_history wisp_type pinned is_template
  bonded_from await_type await_id timeout waiters source_formula source_location mol_type work_type event_kind actor target
  payload agent_state hook_bead role_bead rig last_activity attempts max_attempts not_work dependency_count dependent_count
  comment_count parent`.split(/\s+/);
const RANK: ReadonlyMap<string, number> = new Map(ORDER.map((name, rank) => [name, rank]));

/** Members by name; `null` removes one. Values are JSON texts. */
export type MemberChanges = ReadonlyMap<string, string | null>;

/**
 * A line of an issue file. What is not a bead (the header, a remembered note) is kept as it is.
 * @throws INPUT_INVALID naming what was expected
 */
export function parseLine(text: string): BeadRecord | "other" {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BarnacleError("INPUT_INVALID", `not JSON: ${messageOf(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BarnacleError("INPUT_INVALID", "expected a JSON object per line");
  }
  if ("_schema" in value || "_type" in value) return "other";
  checkRecord(value as Record<string, unknown>);
  return value as BeadRecord;
}

const TEXTS =
  `id title description design acceptance_criteria notes status issue_type assignee owner created_by created_at
  updated_at started_at closed_at close_reason due_at defer_until await_type await_id`.split(/\s+/);

function checkRecord(value: Record<string, unknown>): void {
  const wrong = (name: string, expected: string) =>
    new BarnacleError(
      "INPUT_INVALID",
      `${name}: expected ${expected}, found ${JSON.stringify(value[name])?.slice(0, 60) ?? "nothing"}`,
    );
  if (typeof value.title !== "string") throw wrong("title", "a text");
  for (const name of TEXTS) {
    const found = value[name];
    if (found !== undefined && found !== null && typeof found !== "string") throw wrong(name, "a text");
  }
  if (value.priority !== undefined && !Number.isInteger(value.priority)) throw wrong("priority", "an integer");
  for (const name of ["labels", "waiters"]) {
    const found = value[name];
    const texts = Array.isArray(found) && found.every((one) => typeof one === "string");
    if (found !== undefined && found !== null && !texts) throw wrong(name, "a list of texts");
  }
  const edges = value.dependencies ?? [];
  if (!Array.isArray(edges) || edges.some((one) => typeof one?.depends_on_id !== "string")) {
    throw wrong("dependencies", "a list of {depends_on_id, type, …}");
  }
  const comments = value.comments ?? [];
  if (!Array.isArray(comments) || comments.some((one) => typeof one?.text !== "string")) {
    throw wrong("comments", "a list of {text, …}");
  }
}

/** The line of a new bead: members in the file's order, those that are undefined left out. */
export function lineOf(record: Readonly<Record<string, unknown>>): string {
  const members = Object.entries(record)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => rankOf(a) - rankOf(b))
    .map(([name, value]) => ({ name, rawName: JSON.stringify(name), raw: JSON.stringify(value) }));
  return objectText(members);
}

/** The line with some members changed and everything else as it was; new ones take the place that the order gives them. */
export function patchLine(line: string, changes: MemberChanges): string {
  const members = membersOf(line);
  for (const [name, raw] of changes) {
    const at = members.findLastIndex((member) => member.name === name);
    const rawName = JSON.stringify(name);
    if (at >= 0 && raw === null) members.splice(at, 1);
    else if (at >= 0 && raw !== null) members[at] = { name, rawName: members[at]?.rawName ?? rawName, raw };
    else if (raw !== null) members.splice(placeFor(name, members), 0, { name, rawName, raw });
  }
  return objectText(members);
}

function placeFor(name: string, members: readonly { readonly name: string }[]): number {
  const rank = rankOf(name);
  const after = members.findLastIndex((member) => (RANK.get(member.name) ?? Number.POSITIVE_INFINITY) < rank);
  return after < 0 && rank < Number.POSITIVE_INFINITY ? 0 : after < 0 ? members.length : after + 1;
}

function rankOf(name: string): number {
  return RANK.get(name) ?? ORDER.length;
}
