import { holdsBack, PARENT_CHILD } from "@barnacle/protocol/beads";
import type { Sql } from "./sql.ts";

/** What `id` waits for, straight away: targets of what holds back; of `waits-for` also the target's children. */
function before(sql: Sql, id: string, more: ReadonlyMap<string, readonly string[]> = new Map()): string[] {
  const found = [...(more.get(id) ?? [])];
  for (const row of sql.all("SELECT target, kind FROM bead_edges WHERE issue_id = ?", id)) {
    const [target, kind] = [String(row.target), String(row.kind)];
    if (!holdsBack(kind)) continue;
    found.push(target);
    if (kind === "waits-for") found.push(...childrenOf(sql, target).filter((child) => child !== id));
  }
  return found;
}

function childrenOf(sql: Sql, parent: string): string[] {
  return sql
    .all(`SELECT issue_id FROM bead_edges WHERE target = ? AND kind = '${PARENT_CHILD}'`, parent)
    .map((row) => String(row.issue_id));
}

/**
 * The ring that an edge would close, from `id` back to `id`, or undefined. `waits-for` waits for children that come later,
 * so a new child of what somebody waits for is also one that he waits for.
 */
export function ringOf(sql: Sql, id: string, target: string, kind: string): string[] | undefined {
  if (!holdsBack(kind)) return undefined;
  if (id === target) return [id, id];
  const more = new Map<string, string[]>();
  const starts: [string, string][] = [[id, target]];
  if (kind === "waits-for") {
    for (const child of childrenOf(sql, target)) {
      if (child === id) return [id, target, id];
      starts.push([id, child]);
    }
  }
  if (kind === PARENT_CHILD) {
    for (const row of sql.all("SELECT issue_id FROM bead_edges WHERE target = ? AND kind = 'waits-for'", target)) {
      const waiter = String(row.issue_id);
      if (waiter === id) return [id, target, id];
      more.set(waiter, [id]);
      starts.push([waiter, id]);
    }
    more.set(id, [target]);
  }
  for (const [from, to] of starts) {
    const path = pathTo(sql, to, from, more);
    if (path) return [from, ...path];
  }
  return undefined;
}

/** What waits for `id`, straight away: the way back of `before`. */
function after(sql: Sql, id: string, more: ReadonlyMap<string, readonly string[]>): string[] {
  const found = [...more].filter(([, targets]) => targets.includes(id)).map(([from]) => from);
  for (const row of sql.all("SELECT issue_id, kind FROM bead_edges WHERE target = ?", id))
    if (holdsBack(String(row.kind))) found.push(String(row.issue_id));
  const waiting = sql.all(
    `SELECT w.issue_id FROM bead_edges p JOIN bead_edges w ON w.target = p.target AND w.kind = 'waits-for'
     WHERE p.issue_id = ? AND p.kind = '${PARENT_CHILD}'`,
    id,
  );
  for (const row of waiting) if (row.issue_id !== id) found.push(String(row.issue_id));
  return found;
}

/** From both ends in turn: one of them is mostly a bead that nothing waits for, or that waits for nothing. */
function pathTo(
  sql: Sql,
  start: string,
  goal: string,
  more: ReadonlyMap<string, readonly string[]>,
): string[] | undefined {
  const there = new Search(start, goal, (id) => before(sql, id, more));
  const back = new Search(goal, start, (id) => after(sql, id, more));
  for (;;) {
    if (there.step()) return there.path;
    if (back.step()) return back.path?.reverse();
    if (there.ended || back.ended) return undefined;
  }
}

class Search {
  readonly #goal: string;
  readonly #next: (id: string) => readonly string[];
  readonly #cameFrom: Map<string, string | undefined>;
  readonly #queue: string[];
  #at = 0;

  constructor(start: string, goal: string, next: (id: string) => readonly string[]) {
    this.#goal = goal;
    this.#next = next;
    this.#cameFrom = new Map([[start, undefined]]);
    this.#queue = [start];
  }

  get ended(): boolean {
    return this.#at >= this.#queue.length;
  }

  /** Looks at one more bead. @returns whether the goal was reached */
  step(): boolean {
    const at = this.#queue[this.#at++];
    if (at === undefined || at === this.#goal) return at !== undefined;
    for (const next of this.#next(at)) {
      if (this.#cameFrom.has(next)) continue;
      this.#cameFrom.set(next, at);
      this.#queue.push(next);
    }
    return false;
  }

  /** From the start to the goal. */
  get path(): string[] {
    const path: string[] = [];
    for (let at: string | undefined = this.#goal; at !== undefined; at = this.#cameFrom.get(at)) path.unshift(at);
    return path;
  }
}

/** Every ring in the store, each once; imported data may have some. Beads that are done are in nobody's way. */
export function allRings(sql: Sql): string[][] {
  const state = new Map<string, "open" | "done">();
  const rings: string[][] = [];
  const open: string[] = [];
  const visit = (start: string): void => {
    const stack: { id: string; next: string[] }[] = [{ id: start, next: before(sql, start) }];
    state.set(start, "open");
    open.push(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.next.pop();
      if (next === undefined) {
        state.set(top.id, "done");
        open.pop();
        stack.pop();
      } else if (state.get(next) === "open") {
        rings.push([...open.slice(open.indexOf(next)), next]);
      } else if (state.get(next) === undefined) {
        state.set(next, "open");
        open.push(next);
        stack.push({ id: next, next: before(sql, next) });
      }
    }
  };
  for (const row of sql.all(
    "SELECT DISTINCT issue_id FROM bead_edges JOIN beads ON beads.id = issue_id WHERE status NOT IN ('closed', 'tombstone') ORDER BY seq",
  )) {
    const id = String(row.issue_id);
    if (!state.has(id)) visit(id);
  }
  return rings;
}
