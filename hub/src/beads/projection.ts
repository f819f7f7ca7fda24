import type { SQLInputValue } from "node:sqlite";
import { type BeadDependency, type BeadRecord, NOT_WORK, parseInstant, saysFailure } from "@barnacle/protocol/beads";

/** Why a bead is no work that is offered: bits of the column `hidden`. */
export const HIDDEN = { ephemeral: 1, pinned: 2, type: 4 } as const;

/** The columns that follow from a line, in the order of `valuesOf`. */
export const COLUMNS = `title status priority issue_type assignee owner created_by created_at created_sub updated_at
  updated_sub closed_at due_at defer_until external_ref ephemeral pinned failed comment_count hidden`.split(/\s+/);

const ZERO = { ms: 0, sub: 0 };

export function valuesOf(bead: BeadRecord): SQLInputValue[] {
  const created = parseInstant(bead.created_at ?? "") ?? ZERO;
  const updated = parseInstant(bead.updated_at ?? "") ?? created;
  const ephemeral = bead.ephemeral === true || bead.wisp === true;
  const pinned = bead.pinned === true;
  const type = bead.issue_type ?? "task";
  const record = bead.not_work === true || NOT_WORK.includes(type);
  const hidden = (ephemeral ? HIDDEN.ephemeral : 0) | (pinned ? HIDDEN.pinned : 0) | (record ? HIDDEN.type : 0);
  return [
    bead.title,
    bead.status ?? "open",
    bead.priority ?? 0,
    type,
    bead.assignee || null,
    bead.owner || null,
    bead.created_by || null,
    created.ms,
    created.sub,
    updated.ms,
    updated.sub,
    msOf(bead.closed_at),
    msOf(bead.due_at),
    msOf(bead.defer_until),
    bead.external_ref || null,
    ephemeral ? 1 : 0,
    pinned ? 1 : 0,
    saysFailure(bead.close_reason) ? 1 : 0,
    bead.comments?.length ?? 0,
    hidden,
  ];
}

export interface Edge {
  readonly target: string;
  readonly kind: string;
  /** `waits-for`: one closed child is enough. */
  readonly anyChild: boolean;
}

export function edgesOf(bead: BeadRecord): Edge[] {
  return (bead.dependencies ?? []).map((edge) => ({
    target: edge.depends_on_id,
    kind: edge.type ?? "blocks",
    anyChild: edge.type === "waits-for" && gateOf(edge) === "any-children",
  }));
}

/** Unknown and broken metadata counts as `all-children`. It is written as an object, or as a text of one. */
function gateOf({ metadata }: BeadDependency): unknown {
  if (typeof metadata !== "string") return (metadata as { gate?: unknown } | null | undefined)?.gate;
  try {
    return (JSON.parse(metadata) as { gate?: unknown } | null)?.gate;
  } catch {
    return undefined;
  }
}

/** What full-text search looks at besides the title. */
export function bodyText(bead: BeadRecord): string {
  const { description, design, acceptance_criteria, notes, comments = [] } = bead;
  const parts = [description, design, acceptance_criteria, notes, ...comments.map(({ text }) => text)];
  return parts.filter((part) => part).join("\n");
}

function msOf(text: string | null | undefined): number | null {
  return text ? (parseInstant(text)?.ms ?? null) : null;
}
