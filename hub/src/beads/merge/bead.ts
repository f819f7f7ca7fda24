import { type BeadRecord, type MemberChanges, membersOf, parseInstant, patchLine } from "@barnacle/protocol/beads";
import { before, inOrder, type Raw, ruleFor, type Version } from "./members.ts";

const DAY_MS = 86_400_000;
/** How long a tombstone stands, with an hour for clocks that differ. */
const TOMBSTONE_MS = 30 * DAY_MS + 3_600_000;
/** Follow from others and are settled after them. */
const SETTLED = new Set(["status", "closed_at", "close_reason", "closed_by_session", "issue_type"]);
const OF_A_TOMBSTONE = ["deleted_at", "deleted_by", "delete_reason", "original_type"] as const;
const OF_CLOSING = ["close_reason", "closed_by_session"] as const;
const COUNTS = [
  ["dependencies", "dependency_count"],
  ["comments", "comment_count"],
] as const;

export function versionOf(line: string, bead: BeadRecord): Version {
  return { line, bead, members: new Map(membersOf(line).map(({ name, raw }) => [name, raw])) };
}

/**
 * One bead of which both sides have a line that differs from the base's. The result is the same whichever of the two is called
 * left, to the byte.
 */
export function mergeBead(base: Version | undefined, left: Version, right: Version, now: number): string {
  const [first, last] = inOrder(left, right) < 0 ? [left, right] : [right, left];
  const gone = tombstone(first, last, now);
  if (gone) return gone.line;
  const changes = new Map<string, string | null>();
  const names = new Set([...last.members.keys(), ...first.members.keys()]);
  for (const name of names) {
    if (SETTLED.has(name)) continue;
    set(changes, last, name, merged(base, first, last, name));
  }
  for (const [name, raw] of settled(base, first, last)) set(changes, last, name, raw);
  const line = patchLine(last.line, changes);
  return counted(line, last);
}

/** A deletion wins, of two the later; one that has run out gives way to what was written after it. */
function tombstone(first: Version, last: Version, now: number): Version | undefined {
  const [one, other] = [first, last].map(({ bead }) => bead.status === "tombstone");
  if (one && other) return before(last.bead.deleted_at ?? "", first.bead.deleted_at ?? "") ? first : last;
  if (!one && !other) return undefined;
  const [dead, live] = one ? [first, last] : [last, first];
  const deletedAt = parseInstant(dead.bead.deleted_at ?? "")?.ms ?? 0;
  const over = deletedAt + TOMBSTONE_MS < now && before(dead.bead.deleted_at ?? "", live.bead.updated_at ?? "");
  return over ? live : dead;
}

function merged(base: Version | undefined, first: Version, last: Version, name: string): Raw {
  const [was, one, other] = [base?.members.get(name), first.members.get(name), last.members.get(name)];
  if (one === other || one === was) return other;
  if (other === was) return one;
  return ruleFor(name)({ base: was, first: one, last: other });
}

/** Status, what goes with it, and the type. Closed by either, where both changed the status, is closed. */
function settled(base: Version | undefined, first: Version, last: Version): [string, Raw][] {
  const [was, one, other] = [base, first, last].map((version) => version?.members.get("status"));
  const closers = [first, last].filter(({ bead }) => bead.status === "closed");
  const clash = one !== other && one !== was && other !== was;
  const status = !clash ? (one === was ? other : one) : closers.length > 0 ? JSON.stringify("closed") : other;
  const result: [string, Raw][] = [["status", status]];
  const type = merged(base, first, last, "issue_type");
  result.push(["issue_type", type]);
  for (const name of OF_A_TOMBSTONE) result.push([name, undefined]);
  if (status !== JSON.stringify("closed")) {
    for (const name of ["closed_at", ...OF_CLOSING]) result.push([name, undefined]);
    return result;
  }
  // Why it was closed is told by who closed it last.
  const closer = closers.reduce((a, b) => (before(b.bead.closed_at ?? "", a.bead.closed_at ?? "") ? a : b));
  result.push(["closed_at", closer.members.get("closed_at") ?? closer.members.get("updated_at")]);
  for (const name of OF_CLOSING) result.push([name, closer.members.get(name)]);
  return result;
}

function set(changes: Map<string, string | null>, onto: Version, name: string, raw: Raw): void {
  if (raw !== onto.members.get(name)) changes.set(name, raw ?? null);
}

/** Computed members follow their lists by as much as those grew or shrank. */
function counted(line: string, { bead }: Version): string {
  const now: BeadRecord = JSON.parse(line);
  const changes: [string, string][] = COUNTS.flatMap(([list, name]): [string, string][] => {
    const more = (now[list]?.length ?? 0) - (bead[list]?.length ?? 0);
    return more === 0 || typeof bead[name] !== "number" ? [] : [[name, String(Math.max(0, bead[name] + more))]];
  });
  return changes.length === 0 ? line : patchLine(line, new Map(changes) satisfies MemberChanges);
}
