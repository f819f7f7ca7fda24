import type { Sql, WritableSql } from "../beads/index.ts";
import { heldBy } from "../convoys/index.ts";
import { IN_MERGE_QUEUE } from "../supervisor/merging.ts";
import type { BeadState, Waiting } from "./plan.ts";

export interface Entry extends Omit<Waiting, "state"> {
  /** What the sling was asked with, JSON-safe. */
  readonly args?: Readonly<Record<string, unknown>>;
  /** In whose name it is given out. */
  readonly who: string;
  readonly problem?: string;
}

export interface Listed extends Entry {
  readonly title: string;
  readonly status: string;
  readonly state: BeadState;
}

export interface Paused {
  readonly paused: boolean;
  readonly by?: string;
  readonly at?: number;
}

const COLUMNS = `e.bead, e.rig, e.target, e.priority, e.args, e.who, e.queued_at, e.not_before, e.failures, e.broken,
  e.problem, b.title, b.status, b.blocked, b.held_until`;

/** What waits, as the store has it; the bead itself is left alone. */
export class ScheduleQueue {
  readonly #sql: Sql | WritableSql;

  constructor(sql: Sql | WritableSql) {
    this.#sql = sql;
  }

  get size(): number {
    return Number(this.#sql.one("SELECT count(*) AS n FROM schedule_entries")?.n);
  }

  /** In the order in which they came. */
  list(now: number): Listed[] {
    return this.#sql
      .all(`SELECT ${COLUMNS} FROM schedule_entries e LEFT JOIN beads b ON b.id = e.bead ORDER BY e.queued_at, e.bead`)
      .map((row) => {
        const status = String(row.status ?? "tombstone");
        const early = () => heldBy(this.#sql, String(row.bead)) !== undefined;
        const held = Number(row.held_until ?? 0) > now || row.blocked === 1 || early();
        return {
          ...{ bead: String(row.bead), rig: String(row.rig), target: String(row.target), who: String(row.who) },
          ...{ priority: Number(row.priority), queuedAt: Number(row.queued_at), notBefore: Number(row.not_before) },
          ...{ failures: Number(row.failures), broken: row.broken === 1 },
          ...(row.args === null ? {} : { args: JSON.parse(String(row.args)) }),
          ...(row.problem === null ? {} : { problem: String(row.problem) }),
          ...{ title: String(row.title ?? ""), status, state: stateOf(status, held) },
        };
      });
  }

  has(bead: string): boolean {
    return this.#sql.one("SELECT 1 AS found FROM schedule_entries WHERE bead = ?", bead) !== undefined;
  }

  /** New, or in the place of what waits for this bead; an entry keeps its place in the queue. */
  put({ bead, rig, target, priority, args, who, queuedAt, notBefore }: Omit<Entry, "failures" | "broken">): void {
    this.#writable.run(
      `INSERT INTO schedule_entries (bead, rig, target, priority, args, who, queued_at, not_before, failures, broken)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
       ON CONFLICT (bead) DO UPDATE SET rig = excluded.rig, target = excluded.target, priority = excluded.priority,
         args = excluded.args, who = excluded.who, not_before = excluded.not_before, failures = 0, broken = 0, problem = NULL`,
      ...[bead, rig, target, priority, args === undefined ? null : JSON.stringify(args), who, queuedAt, notBefore],
    );
  }

  failed(bead: string, failures: number, notBefore: number, broken: boolean, problem: string): void {
    this.#writable.run(
      "UPDATE schedule_entries SET failures = ?, not_before = ?, broken = ?, problem = ? WHERE bead = ?",
      ...[failures, notBefore, broken ? 1 : 0, problem.slice(0, 500), bead],
    );
  }

  remove(bead: string): boolean {
    return this.#writable.run("DELETE FROM schedule_entries WHERE bead = ?", bead) > 0;
  }

  dispatched(bead: string, agent: string, at: number): void {
    this.#writable.run(
      `INSERT INTO schedule_dispatches (bead, times, agent, at) VALUES (?, 1, ?, ?)
       ON CONFLICT (bead) DO UPDATE SET times = times + 1, agent = excluded.agent, at = excluded.at`,
      ...[bead, agent, at],
    );
  }

  /** When a bead was given out the last time. */
  lastOf(bead: string): number | undefined {
    const at = this.#sql.one("SELECT at FROM schedule_dispatches WHERE bead = ?", bead)?.at;
    return at === undefined ? undefined : Number(at);
  }

  get lastDispatchAt(): number | undefined {
    const at = this.#sql.one("SELECT max(at) AS at FROM schedule_dispatches")?.at;
    return typeof at === "number" ? at : undefined;
  }

  get paused(): Paused {
    const row = this.#sql.one("SELECT paused, paused_by, paused_at FROM schedule_state WHERE one = 1");
    if (row?.paused !== 1) return { paused: false };
    return { paused: true, by: String(row.paused_by), at: Number(row.paused_at) };
  }

  pause(who: string, at: number): void {
    this.#writable.run(
      `INSERT INTO schedule_state (one, paused, paused_by, paused_at) VALUES (1, 1, ?, ?)
       ON CONFLICT (one) DO UPDATE SET paused = 1, paused_by = excluded.paused_by, paused_at = excluded.paused_at`,
      ...[who, at],
    );
  }

  resume(): void {
    this.#writable.run("UPDATE schedule_state SET paused = 0, paused_by = NULL, paused_at = NULL");
  }

  /** Workers that have work now, as the beads say, with their rig. Crew and people are not given work by a queue. */
  busy(): ReadonlyMap<string, string> {
    const rows = this.#sql.all(
      `SELECT DISTINCT assignee FROM beads b WHERE assignee IS NOT NULL AND status IN ('hooked', 'in_progress')
       AND assignee LIKE '%/polecats/%' AND NOT ${IN_MERGE_QUEUE}`,
    );
    return new Map(rows.map(({ assignee }) => [String(assignee), String(assignee).split("/")[0] ?? ""]));
  }

  get #writable(): WritableSql {
    return this.#sql as WritableSql;
  }
}

function stateOf(status: string, held: boolean): BeadState {
  if (status === "hooked" || status === "in_progress") return "taken";
  if (status === "closed" || status === "tombstone") return "gone";
  return status === "open" && !held ? "ready" : "blocked";
}
