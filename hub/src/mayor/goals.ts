import type { Sql, WritableSql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";
import type { GoalState } from "./decide.ts";

export interface Goal {
  readonly id: string;
  readonly workspace: string;
  readonly title: string;
  readonly askedBy: string;
  readonly convoy?: string;
  /** `planned`: its beads are there, its convoy is not yet. */
  readonly state: "planned" | "running" | "done" | "cancelled";
  readonly createdAt: number;
  readonly finishedAt?: number;
  readonly merge?: string;
  readonly baseBranch?: string;
  readonly stuck: readonly string[];
}

/** Goals and the beads they became. */
export class Goals {
  readonly #sql: Sql | WritableSql;

  constructor(sql: Sql | WritableSql) {
    this.#sql = sql;
  }

  find(id: string): Goal | undefined {
    const row = this.#sql.one("SELECT * FROM mayor_goals WHERE id = ?", id);
    return row && goalOf(row);
  }

  /** Newest first. */
  list(limit: number): Goal[] {
    return this.#sql.all("SELECT * FROM mayor_goals ORDER BY created_at DESC, id LIMIT ?", limit).map(goalOf);
  }

  open(): Goal[] {
    return this.#sql
      .all("SELECT * FROM mayor_goals WHERE state IN ('planned', 'running') ORDER BY created_at, id")
      .map(goalOf);
  }

  get someOpen(): boolean {
    return (
      this.#sql.one("SELECT 1 AS found FROM mayor_goals WHERE state IN ('planned', 'running') LIMIT 1") !== undefined
    );
  }

  stateOf({ id, title, convoy, stuck }: Goal, now: number): GoalState {
    const rows = this.#sql.all(
      `SELECT g.bead, g.rig, b.status, b.blocked, b.held_until, b.assignee,
         EXISTS (SELECT 1 FROM schedule_entries e WHERE e.bead = g.bead) AS queued
       FROM mayor_goal_beads g LEFT JOIN beads b ON b.id = g.bead WHERE g.goal = ? ORDER BY g.n`,
      id,
    );
    const beads = rows.map((row) => ({
      ...{ bead: String(row.bead), rig: String(row.rig), status: String(row.status ?? "tombstone") },
      ...{ held: row.blocked === 1 || Number(row.held_until ?? 0) > now, queued: row.queued === 1 },
      assignee: row.assignee === null ? undefined : String(row.assignee),
    }));
    return { id, title, convoy, stuck, beads };
  }

  insert(goal: Omit<Goal, "convoy" | "finishedAt" | "stuck" | "state">, beads: readonly { id: string; rig: string }[]) {
    const sql = this.#sql as WritableSql;
    const { id, workspace, title, askedBy, createdAt, merge, baseBranch } = goal;
    sql.run(
      `INSERT INTO mayor_goals (id, workspace, title, asked_by, state, spec, stuck, created_at)
       VALUES (?, ?, ?, ?, 'planned', ?, '[]', ?)`,
      ...[id, workspace, title, askedBy, JSON.stringify({ merge, baseBranch }), createdAt],
    );
    for (const [n, bead] of beads.entries()) {
      sql.run("INSERT INTO mayor_goal_beads (goal, n, bead, rig) VALUES (?, ?, ?, ?)", id, n, bead.id, bead.rig);
    }
  }

  hasConvoy(id: string, convoy: string): void {
    this.#run("UPDATE mayor_goals SET convoy = ?, state = 'running' WHERE id = ? AND state = 'planned'", convoy, id);
  }

  isStuck(id: string, beads: readonly string[]): void {
    this.#run("UPDATE mayor_goals SET stuck = ? WHERE id = ?", JSON.stringify(beads), id);
  }

  /** @returns whether it was open until now */
  finish(id: string, state: "done" | "cancelled", at: number): boolean {
    return (
      this.#run(
        "UPDATE mayor_goals SET state = ?, finished_at = ? WHERE id = ? AND state IN ('planned', 'running')",
        ...[state, at, id],
      ) > 0
    );
  }

  #run(text: string, ...parameters: (string | number)[]): number {
    return (this.#sql as WritableSql).run(text, ...parameters);
  }
}

function goalOf(row: Row): Goal {
  const { merge, baseBranch } = JSON.parse(String(row.spec)) as { merge?: string; baseBranch?: string };
  return {
    ...{ id: String(row.id), workspace: String(row.workspace), title: String(row.title) },
    ...{ askedBy: String(row.asked_by), state: String(row.state) as Goal["state"], createdAt: Number(row.created_at) },
    stuck: JSON.parse(String(row.stuck)),
    ...(row.convoy === null ? {} : { convoy: String(row.convoy) }),
    ...(row.finished_at === null ? {} : { finishedAt: Number(row.finished_at) }),
    ...(merge === undefined ? {} : { merge }),
    ...(baseBranch === undefined ? {} : { baseBranch }),
  };
}
