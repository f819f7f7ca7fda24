import { type BeadRecord, compareInstants, elementsOf, parseInstant } from "@barnacle/protocol/beads";

/** One bead as it stands on one side: its members as they were written, and the same read. */
export interface Version {
  readonly line: string;
  readonly bead: BeadRecord;
  /** JSON texts by name. */
  readonly members: ReadonlyMap<string, string>;
}

/** JSON text, or undefined where the member is not there. */
export type Raw = string | undefined;

/** Both changed it; `first` is the side that was written to earlier. Which side of the merge that is makes no difference. */
export interface Clash {
  readonly base: Raw;
  readonly first: Raw;
  readonly last: Raw;
}

/** How two changes of one member become one, where neither side left it as it was. */
export type Rule = (clash: Clash) => Raw;

const later: Rule = ({ last }) => last;

/** What both wrote, the earlier text first; what one only added to the other's is not repeated. */
const joined: Rule = ({ first, last }) => {
  const [a, b] = [text(first), text(last)];
  if (a === "" || b.startsWith(a)) return last;
  if (b === "" || a.startsWith(b)) return first;
  return JSON.stringify(`${a}\n\n---\n\n${b}`);
};

/** 0 is the most urgent, and as good as any other number. */
const urgent: Rule = ({ first, last }) => {
  if (first === undefined || last === undefined) return first ?? last;
  return Number(first) < Number(last) ? first : last;
};

const latest: Rule = ({ first, last }) => (before(text(last), text(first)) ? first : last);
const earliest: Rule = ({ first, last }) => (before(text(first), text(last)) ? first : last);
const most: Rule = ({ first, last }) => (Number(first ?? 0) > Number(last ?? 0) ? first : last);

/** Objects member by member, anything else as a whole. */
const nested: Rule = ({ base, first, last }) => {
  const [a, b, c] = [base, first, last].map(objectOf);
  if (!b || !c) return last;
  const names = [...new Set([...Object.keys(c), ...Object.keys(b)])];
  const entries = names.flatMap((name) => {
    const [was, one, other] = [a?.[name], b[name], c[name]].map((value) => JSON.stringify(value));
    const chosen = other === was ? one : other;
    return chosen === undefined ? [] : [`${JSON.stringify(name)}:${chosen}`];
  });
  return entries.length === 0 ? undefined : `{${entries.join(",")}}`;
};

/**
 * Lists as sets of what `keyOf` tells apart: what one side took away goes, what either added stays, in the order of the base
 * and then of the texts. An element that both changed is the later one's.
 */
function setOf(keyOf: (element: string) => string): Rule {
  return ({ base, first, last }) => {
    const [was, a, b] = [base, first, last].map((raw) => new Map(listOf(raw).map((one) => [keyOf(one), one])));
    const kept: string[] = [];
    for (const [key, element] of was ?? []) {
      const [one, other] = [a?.get(key), b?.get(key)];
      if (one !== undefined && other !== undefined) kept.push(other === element ? one : other);
    }
    const added = [...(a ?? []), ...(b ?? [])].filter(([key]) => !was?.has(key));
    const unique = new Map(added.map(([key, element]) => [key, b?.get(key) ?? element]));
    kept.push(...[...unique.values()].sort());
    return kept.length === 0 ? undefined : `[${kept.join(",")}]`;
  };
}

/** Old files number comments; two clones may have given the same number to different ones. */
const commentKey = (element: string) => {
  const { id, author, text, created_at } = JSON.parse(element);
  return typeof id === "string" ? id : JSON.stringify([author, text, created_at]);
};

const RULES: Readonly<Record<string, Rule>> = {
  ...{ notes: joined, priority: urgent, metadata: nested, attempts: most, compaction_level: most },
  ...{ updated_at: latest, closed_at: latest, last_activity: latest, created_at: earliest, started_at: earliest },
  ...{ labels: setOf((element) => element), waiters: setOf((element) => element), bonded_from: setOf((one) => one) },
  dependencies: setOf((element) => JSON.parse(element).depends_on_id),
  comments: setOf(commentKey),
};

export function ruleFor(name: string): Rule {
  return RULES[name] ?? later;
}

/** Negative: `a` was written to earlier; with the same time the texts decide, so that no side does. */
export function inOrder(a: Version, b: Version): number {
  const [one, other] = [a, b].map(({ bead }) => parseInstant(bead.updated_at ?? ""));
  const byTime = one && other ? compareInstants(one, other) : Number(other === undefined) - Number(one === undefined);
  return byTime || (a.line < b.line ? -1 : 1);
}

export function before(a: string, b: string): boolean {
  const [one, other] = [parseInstant(a), parseInstant(b)];
  if (!one || !other) return one === undefined && other !== undefined;
  return compareInstants(one, other) < 0;
}

function text(raw: Raw): string {
  const value = raw === undefined ? "" : JSON.parse(raw);
  return typeof value === "string" ? value : "";
}

function objectOf(raw: Raw): Record<string, unknown> | undefined {
  const value = raw === undefined ? undefined : JSON.parse(raw);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

function listOf(raw: Raw): string[] {
  return raw === undefined ? [] : elementsOf(raw);
}
