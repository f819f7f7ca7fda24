import {
  AWAIT_TYPES,
  canonicalType,
  DEPENDENCY_KINDS,
  instantText,
  parseInstant,
  parseWhen,
  STATUSES,
  TYPES,
} from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";

/** Members that are given by hand. Times: RFC 3339 or as people say them; `null` empties one. */
export interface BeadFields {
  readonly title?: string;
  readonly description?: string | null | undefined;
  readonly design?: string | null;
  readonly acceptance_criteria?: string | null;
  readonly notes?: string | null;
  readonly spec_id?: string | null;
  readonly status?: string;
  readonly priority?: number | string;
  readonly issue_type?: string;
  readonly assignee?: string | null;
  readonly owner?: string | null;
  readonly estimated_minutes?: number | null;
  readonly due_at?: string | null;
  readonly defer_until?: string | null;
  readonly external_ref?: string | null;
  readonly metadata?: unknown;
  readonly labels?: readonly string[];
  readonly ephemeral?: boolean | null;
  readonly no_history?: boolean | null;
  readonly pinned?: boolean | null;
  readonly is_template?: boolean | null;
  readonly not_work?: boolean | null;
  readonly await_type?: string | null;
  readonly await_id?: string | null;
  /** Nanoseconds. */
  readonly timeout?: number | null;
  readonly waiters?: readonly string[];
  readonly max_attempts?: number | null;
  readonly sender?: string | null;
  readonly [more: string]: unknown;
}

const TITLE_LENGTH = 500;
const TEXT_LENGTH = 1_000_000;
/** What only the store writes. */
const OWN = new Set(
  `id created_at created_by updated_at started_at closed_at comments dependencies deleted_at deleted_by original_type
   delete_reason dependency_count dependent_count comment_count parent`.split(/\s+/),
);
const TIMES = new Set(["due_at", "defer_until"]);

/** Words of people's own, asked for when a word is none of the built-in ones. */
export type OwnWords = (kind: "status" | "type") => readonly string[];

/** Checks fields and brings them into the form that lines have. @throws INPUT_INVALID naming the member */
export function checkedFields(fields: BeadFields, now: number, own: OwnWords): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (OWN.has(name)) throw wrong(name, "it is kept by the store and cannot be given");
    result[name] = value === null || value === "" ? null : checked(name, value, now, own);
  }
  if ("title" in result && result.title === null) throw wrong("title", "it must not be empty");
  if (result.ephemeral === true && result.no_history === true) throw wrong("ephemeral", "it excludes no_history");
  return result;
}

function checked(name: string, value: unknown, now: number, own: OwnWords): unknown {
  if (TIMES.has(name)) return time(name, value, now);
  switch (name) {
    case "title":
      if (typeof value !== "string" || value.trim() === "") throw wrong(name, "expected a text");
      if ([...value].length > TITLE_LENGTH) throw wrong(name, `at most ${TITLE_LENGTH} characters`);
      return value;
    case "status":
      return oneOf(name, value, Object.keys(STATUSES), () => own("status"));
    case "issue_type":
      return oneOf(name, canonicalType(String(value)), TYPES, () => own("type"));
    case "await_type":
      return oneOf(name, value, AWAIT_TYPES);
    case "priority":
      return priority(value);
    case "estimated_minutes":
    case "timeout":
    case "max_attempts":
      if (!Number.isInteger(value) || (value as number) < 0) throw wrong(name, "expected a whole number from 0 on");
      return value;
    case "labels":
    case "waiters":
      if (!Array.isArray(value) || value.some((one) => typeof one !== "string" || one === "")) {
        throw wrong(name, "expected a list of texts");
      }
      return value.length === 0 ? null : [...new Set(value)];
    case "ephemeral":
    case "no_history":
    case "pinned":
    case "is_template":
    case "not_work":
      if (typeof value !== "boolean") throw wrong(name, "expected true or false");
      return value || null;
    case "metadata":
      return value;
    default:
      if (typeof value === "string" && value.length > TEXT_LENGTH) throw wrong(name, "the text is too long");
      return value;
  }
}

/** 0 to 4, or P0 to P4. */
export function priority(value: unknown): number {
  const match = /^p?([0-4])$/i.exec(String(value));
  if (match) return Number(match[1]);
  throw wrong("priority", `expected 0 (most urgent) to 4, found "${String(value).slice(0, 20)}"`);
}

/** @throws INPUT_INVALID */
export function kindOf(kind: string): string {
  if (DEPENDENCY_KINDS.includes(kind) || /^[a-z][a-z0-9_-]{0,49}$/.test(kind)) return kind;
  throw wrong("dependency kind", `expected one of ${DEPENDENCY_KINDS.join(", ")}`);
}

function time(name: string, value: unknown, now: number): string {
  if (typeof value === "string") {
    if (parseInstant(value)) return value;
    const ms = parseWhen(value, now);
    if (ms !== undefined) return instantText(ms);
  }
  throw wrong(name, `expected a time such as 2026-12-24, 2026-12-24T18:00:00Z, +6h, tomorrow or "next monday"`);
}

function oneOf(name: string, value: unknown, words: readonly string[], own?: () => readonly string[]): string {
  if (words.includes(value as string)) return value as string;
  const more = own?.() ?? [];
  if (more.includes(value as string)) return value as string;
  throw wrong(name, `"${String(value).slice(0, 40)}" is none of ${[...words, ...more].join(", ")}`);
}

function wrong(name: string, text: string): BarnacleError {
  return new BarnacleError("INPUT_INVALID", `${name}: ${text}`, { details: { member: name } });
}
