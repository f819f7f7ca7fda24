import type { BeadWriter, Sql, WritableSql } from "../../beads/index.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long a wisp is kept after it was last touched. Source: the public Gas Town project, as described. */
export const WISP_CLASSES = {
  heartbeat: 6 * HOUR_MS,
  ping: 6 * HOUR_MS,
  patrol: DAY_MS,
  gc_report: DAY_MS,
  recovery: 7 * DAY_MS,
  error: 7 * DAY_MS,
  escalation: 7 * DAY_MS,
  none: DAY_MS,
} as const;

export type WispClass = keyof typeof WISP_CLASSES;

export interface WispRow {
  readonly id: string;
  readonly class: WispClass;
  readonly attachedTo?: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export function keepUntil(writer: BeadWriter, id: string, kind: WispClass, attachedTo: string | undefined): void {
  writer.sql.run(
    `INSERT INTO formula_wisps (id, class, attached_to, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`,
    ...[id, kind, attachedTo ?? null, writer.now + WISP_CLASSES[kind]],
  );
}

/** It is used: its time begins anew. */
export function touched(sql: WritableSql, id: string, now: number): void {
  const row = sql.one("SELECT class FROM formula_wisps WHERE id = ?", id);
  if (!row) return;
  sql.run("UPDATE formula_wisps SET expires_at = ? WHERE id = ?", now + WISP_CLASSES[row.class as WispClass], id);
}

export function forgotten(sql: WritableSql, id: string): void {
  sql.run("DELETE FROM formula_wisps WHERE id = ?", id);
}

export function nextExpiry(sql: Sql): number | undefined {
  const at = sql.one("SELECT min(expires_at) AS at FROM formula_wisps")?.at;
  return typeof at === "number" ? at : undefined;
}

export function expired(sql: Sql, now: number): WispRow[] {
  return sql.all("SELECT * FROM formula_wisps WHERE expires_at <= ? ORDER BY expires_at", now).map((row) => ({
    ...{ id: String(row.id), class: row.class as WispClass, expiresAt: Number(row.expires_at) },
    ...(row.attached_to === null ? {} : { attachedTo: String(row.attached_to) }),
  }));
}
