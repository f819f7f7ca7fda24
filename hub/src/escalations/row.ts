import type { Sql, WritableSql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";

/** In rising order. */
export const SEVERITIES = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** `open`: nobody said yet that he takes care of it. */
export type EscalationState = "open" | "acked" | "closed";

/** A call for help. Its id is that of its bead, a gate that a person opens by closing it. Times: RFC 3339. */
export interface Escalation {
  readonly id: string;
  readonly severity: Severity;
  readonly original_severity: Severity;
  readonly state: EscalationState;
  readonly subject: string;
  readonly reason: string;
  readonly source: string;
  readonly related_bead?: string;
  /** One per cause: what is raised again with the same key is the same one. */
  readonly key?: string;
  /** How often it was raised. */
  readonly occurrences: number;
  readonly escalated_by: string;
  readonly escalated_at: string;
  readonly acked_by?: string;
  readonly acked_at?: string;
  readonly closed_by?: string;
  readonly closed_at?: string;
  readonly closed_reason?: string;
  readonly reescalation_count: number;
  readonly last_reescalated_at?: string;
  readonly last_reescalated_by?: string;
  /** When it is told again unless somebody acknowledges it. */
  readonly due_at?: string;
}

export function find(sql: Sql, id: string): Escalation | undefined {
  const row = sql.one("SELECT * FROM escalations WHERE id = ?", id);
  return row && escalationOf(row);
}

/** The latest of a cause. */
export function findByCause(
  sql: Sql,
  cause: string,
): { readonly one: Escalation; readonly toldAt: number } | undefined {
  const row = sql.one("SELECT * FROM escalations WHERE cause = ? ORDER BY raised_at DESC, id DESC LIMIT 1", cause);
  return row && { one: escalationOf(row), toldAt: Number(row.told_at) };
}

/** Newest first. */
export function list(sql: Sql, states: readonly EscalationState[], severity?: Severity): Escalation[] {
  return sql
    .all(
      `SELECT e.* FROM escalations e LEFT JOIN beads b ON b.id = e.id
       WHERE e.state IN (SELECT value FROM json_each(?)) AND (? IS NULL OR e.severity = ?)
       ORDER BY e.raised_at DESC, b.seq DESC`,
      ...[JSON.stringify(states), severity ?? null, severity ?? null],
    )
    .map(escalationOf);
}

/** Unacknowledged ones whose time has come or passed. */
export function stale(sql: Sql, now: number, staleMs: number): Escalation[] {
  return sql
    .all(
      `SELECT * FROM escalations WHERE state = 'open' AND coalesce(reraised_at, raised_at) <= ? ORDER BY raised_at, id`,
      now - staleMs,
    )
    .map(escalationOf);
}

export function insert(
  sql: WritableSql,
  given: {
    readonly id: string;
    readonly severity: Severity;
    readonly subject: string;
    readonly reason: string;
    readonly source: string;
    readonly related: string | undefined;
    readonly cause: string | undefined;
    readonly who: string;
    readonly now: number;
    readonly dueAt: number | undefined;
  },
): void {
  const { id, severity, subject, reason, source, related, cause, who, now, dueAt } = given;
  sql.run(
    `INSERT INTO escalations (id, severity, original_severity, state, subject, reason, source, related, cause, raised_by, raised_at, told_at, due_at)
     VALUES (?1, ?2, ?2, 'open', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)`,
    ...[id, severity, subject, reason, source, related ?? null, cause ?? null, who, now, dueAt ?? null],
  );
}

function escalationOf(row: Row): Escalation {
  const time = (value: Row[string] | undefined) =>
    value === null || value === undefined ? undefined : new Date(Number(value)).toISOString();
  const text = (value: Row[string] | undefined) => (value === null || value === undefined ? undefined : String(value));
  const view = {
    ...{ id: String(row.id), severity: row.severity, original_severity: row.original_severity, state: row.state },
    ...{ subject: String(row.subject), reason: String(row.reason), source: String(row.source) },
    ...{ related_bead: text(row.related), key: text(row.cause), occurrences: Number(row.occurrences) },
    ...{ escalated_by: String(row.raised_by), escalated_at: time(row.raised_at) },
    ...{ acked_by: text(row.acked_by), acked_at: time(row.acked_at) },
    ...{ closed_by: text(row.closed_by), closed_at: time(row.closed_at), closed_reason: text(row.closed_reason) },
    ...{ reescalation_count: Number(row.reraised), last_reescalated_at: time(row.reraised_at) },
    ...{ last_reescalated_by: text(row.reraised_by), due_at: time(row.due_at) },
  };
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined)) as unknown as Escalation;
}
