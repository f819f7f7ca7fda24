import type { Sql, WritableSql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";
import type { CauseKind, Finding } from "./causes.ts";
import type { CauseMemory } from "./patrol.ts";

export interface Alert extends Finding {
  readonly seq: number;
  readonly rig: string;
  readonly at: number;
}

export interface Report {
  readonly at: number;
  readonly workers: number;
  readonly working: number;
  readonly idle: number;
  /** Causes that are there now. */
  readonly troubles: number;
  readonly attempts: { readonly done: number; readonly failed: number };
}

/** As many alerts are kept. */
const KEPT = 1000;

/** What the witness knows from before, as the store has it. */
export class WitnessMemory {
  readonly #sql: Sql | WritableSql;

  constructor(sql: Sql | WritableSql) {
    this.#sql = sql;
  }

  of(rig: string): CauseMemory[] {
    return this.#sql.all("SELECT * FROM witness_causes WHERE rig = ? ORDER BY first_at, cause", rig).map(memoryOf);
  }

  /** Causes that are there now, of all rigs. */
  present(): (CauseMemory & { readonly rig: string })[] {
    return this.#sql
      .all("SELECT * FROM witness_causes WHERE present = 1 ORDER BY rig, first_at, cause")
      .map((row) => ({ rig: String(row.rig), ...memoryOf(row) }));
  }

  /** Something is remembered that time alone changes. */
  get waits(): boolean {
    return this.#sql.one("SELECT 1 AS found FROM witness_causes WHERE present = 1 LIMIT 1") !== undefined;
  }

  keep(rig: string, memory: readonly CauseMemory[], alerts: readonly Finding[], now: number): void {
    const sql = this.#sql as WritableSql;
    sql.run("DELETE FROM witness_causes WHERE rig = ?", rig);
    for (const one of memory) {
      sql.run(
        `INSERT INTO witness_causes (rig, cause, kind, agent, bead, text, present, step, acted, step_at, first_at, alerted_at, alerts)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[rig, one.cause, one.kind, one.agent ?? null, one.bead ?? null, one.text, one.present ? 1 : 0, one.step],
        ...[one.acted ? 1 : 0, one.stepAt, one.firstAt, one.alertedAt, one.alerts],
      );
    }
    for (const { cause, kind, agent, bead, text } of alerts) {
      sql.run(
        "INSERT INTO witness_alerts (rig, cause, kind, agent, bead, text, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        ...[rig, cause, kind, agent ?? null, bead ?? null, text, now],
      );
    }
    if (alerts.length > 0) {
      sql.run("DELETE FROM witness_alerts WHERE seq <= (SELECT max(seq) FROM witness_alerts) - ?", KEPT);
    }
  }

  acted(rig: string, cause: string): void {
    (this.#sql as WritableSql).run("UPDATE witness_causes SET acted = 1 WHERE rig = ? AND cause = ?", rig, cause);
  }

  /** Newest first. */
  alerts(limit: number, rig?: string): Alert[] {
    const where = rig === undefined ? "1" : "rig = ?";
    const rows = this.#sql.all(
      `SELECT * FROM witness_alerts WHERE ${where} ORDER BY seq DESC LIMIT ?`,
      ...[...(rig === undefined ? [] : [rig]), limit],
    );
    return rows.map((row) => ({
      ...{ seq: Number(row.seq), rig: String(row.rig), at: Number(row.at) },
      ...findingOf(row),
    }));
  }

  report(rig: string): Report | undefined {
    const row = this.#sql.one("SELECT at, body FROM witness_reports WHERE rig = ?", rig);
    return row && { at: Number(row.at), ...JSON.parse(String(row.body)) };
  }

  keepReport(rig: string, { at, ...body }: Report): void {
    (this.#sql as WritableSql).run(
      `INSERT INTO witness_reports (rig, at, body) VALUES (?, ?, ?)
       ON CONFLICT (rig) DO UPDATE SET at = excluded.at, body = excluded.body`,
      ...[rig, at, JSON.stringify(body)],
    );
  }
}

/** Attempts at beads of a prefix since `from`: what somebody had and is closed, and what came to nothing. */
export function attemptsOf(sql: Sql, prefix: string, from: number): { done: number; failed: number } {
  const row = sql.one(
    `SELECT count(*) FILTER (WHERE kind = 'attempt_failed') AS failed,
       count(*) FILTER (WHERE kind = 'closed' AND (SELECT assignee FROM beads b WHERE b.id = e.id) IS NOT NULL) AS done
     FROM (SELECT * FROM bead_events ORDER BY seq DESC LIMIT 5000) e
     WHERE at >= ? AND kind IN ('attempt_failed', 'closed') AND id LIKE ?`,
    ...[from, `${prefix}-%`],
  );
  return { done: Number(row?.done), failed: Number(row?.failed) };
}

function findingOf(row: Row): Finding {
  return {
    ...{ cause: String(row.cause), kind: String(row.kind) as CauseKind, text: String(row.text) },
    ...(row.agent === null ? {} : { agent: String(row.agent) }),
    ...(row.bead === null ? {} : { bead: String(row.bead) }),
  };
}

function memoryOf(row: Row): CauseMemory {
  return {
    ...findingOf(row),
    ...{ present: row.present === 1, step: Number(row.step), acted: row.acted === 1, stepAt: Number(row.step_at) },
    ...{ firstAt: Number(row.first_at), alertedAt: Number(row.alerted_at), alerts: Number(row.alerts) },
  };
}
