import { BarnacleError } from "@barnacle/protocol/errors";

/** One thing to do for a goal. */
export interface GoalItem {
  readonly title: string;
  readonly description?: string;
  /** A name for `needs` of others. */
  readonly key?: string;
  /** What has to be done first: numbers of items from 1, or their keys. */
  readonly needs?: readonly (number | string)[];
  readonly priority?: number;
  readonly type?: string;
  readonly labels?: readonly string[];
  /** Where it is done; default: the goal's rig. */
  readonly rig?: string;
}

export interface GoalRequest {
  readonly title: string;
  readonly rig?: string | undefined;
  /** Items, or lines of text: see `itemsOf`. */
  readonly items?: readonly (GoalItem | string)[] | undefined;
  readonly text?: string | undefined;
  readonly priority?: number | undefined;
  /** How finished work gets into the project; as a convoy says it. */
  readonly merge?: string | undefined;
  readonly baseBranch?: string | undefined;
  /** Asked again with the same key, it is the goal of the first. */
  readonly key?: string | undefined;
}

export interface PlannedItem extends Omit<GoalItem, "needs"> {
  /** Indexes of items, from 0. */
  readonly needs: readonly number[];
}

const MOST = 500;
const BULLET = /^\s*(?:[-*+]|\d{1,3}[.)])\s+/;
const AFTER = /\s*\((?:after|needs):?\s+([^()]+)\)\s*$/i;
const URGENCY = /^P([0-4])[:\s]\s*/;

/**
 * Items from lines, one each: `- P1 Mend the gate (after 1, 2)`. A bullet or number in front is left out, empty lines and
 * headings (`#`) are not items; `(after …)` names items by their number from 1.
 */
export function itemsOf(text: string): GoalItem[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.trimStart().startsWith("#"))
    .map((line) => itemOf(line));
}

function itemOf(line: string): GoalItem {
  let title = line.replace(BULLET, "").trim();
  const after = AFTER.exec(title);
  if (after) title = title.slice(0, after.index);
  const urgency = URGENCY.exec(title);
  if (urgency) title = title.slice(urgency[0].length);
  const needs = after?.[1]?.split(",").map((word) => (/^\s*\d+\s*$/.test(word) ? Number(word) : word.trim()));
  return {
    title: title.trim(),
    ...(urgency ? { priority: Number(urgency[1]) } : {}),
    ...(needs ? { needs } : {}),
  };
}

/**
 * The items of a goal with what each needs, checked.
 * @throws INPUT_INVALID naming the item and what is wrong with it
 */
export function planOf({ items = [], text = "", rig, priority }: GoalRequest): PlannedItem[] {
  const all = [...items.map((item) => (typeof item === "string" ? itemOf(item) : item)), ...itemsOf(text)];
  if (all.length === 0) throw wrong("items", "expected at least one thing to do");
  if (all.length > MOST) throw wrong("items", `at most ${MOST}, found ${all.length}`);
  const keys = new Map<string, number>();
  for (const [i, { key, title }] of all.entries()) {
    if (title.trim() === "") throw wrong(`items.${i}`, "its title is empty");
    if (key === undefined) continue;
    if (keys.has(key)) throw wrong(`items.${i}.key`, `"${key}" is the key of item ${(keys.get(key) ?? 0) + 1} already`);
    keys.set(key, i);
  }
  const planned = all.map((item, i): PlannedItem => {
    const needs = (item.needs ?? []).map((need) => {
      const at = typeof need === "number" ? need - 1 : (keys.get(need) ?? -1);
      if (all[at] !== undefined && at !== i) return at;
      throw wrong(`items.${i}.needs`, `there is no other item "${String(need).slice(0, 40)}" (of ${all.length})`);
    });
    const where = item.rig ?? rig;
    return {
      ...item,
      needs: [...new Set(needs)],
      ...(where === undefined ? {} : { rig: where }),
      ...(item.priority === undefined && priority !== undefined ? { priority } : {}),
    };
  });
  const ring = ringOf(planned);
  if (ring) throw wrong("items", `they wait for each other: ${ring.map((i) => i + 1).join(" → ")}`);
  return planned;
}

/** Items that wait for each other; undefined when all can be done one after the other. */
function ringOf(items: readonly PlannedItem[]): readonly number[] | undefined {
  const done = new Set<number>();
  const visit = (i: number, path: readonly number[]): readonly number[] | undefined => {
    if (path.includes(i)) return [...path.slice(path.indexOf(i)), i];
    if (done.has(i)) return undefined;
    for (const need of items[i]?.needs ?? []) {
      const ring = visit(need, [...path, i]);
      if (ring) return ring;
    }
    done.add(i);
    return undefined;
  };
  for (const i of items.keys()) {
    const ring = visit(i, []);
    if (ring) return ring;
  }
  return undefined;
}

function wrong(member: string, text: string): BarnacleError {
  return new BarnacleError("INPUT_INVALID", `${member}: ${text}`, { details: { member } });
}
