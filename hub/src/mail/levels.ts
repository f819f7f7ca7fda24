import type { Sql, WritableSql } from "../beads/index.ts";
import type { Level } from "./words.ts";

export function levelOf(sql: Sql, address: string): Level {
  return (sql.one("SELECT level FROM notification_levels WHERE address = ?", address)?.level ?? "normal") as Level;
}

export function levels(sql: Sql): { readonly address: string; readonly level: Level }[] {
  const rows = sql.all("SELECT address, level FROM notification_levels ORDER BY address");
  return rows.map((row) => ({ address: String(row.address), level: row.level as Level }));
}

export function setLevel(sql: WritableSql, address: string, level: Level, now: number): Level {
  const before = levelOf(sql, address);
  // What was chosen before is what it comes back to when it may be disturbed again.
  const kept = before === "muted" ? "normal" : before;
  sql.run(
    `INSERT INTO notification_levels (address, level, before, at) VALUES (?, ?, ?, ?)
     ON CONFLICT (address) DO UPDATE SET level = excluded.level, before = excluded.before, at = excluded.at`,
    ...[address, level, level === "muted" ? kept : level, now],
  );
  return level;
}

export function setDnd(sql: WritableSql, address: string, on: boolean, now: number): Level {
  if (on) return levelOf(sql, address) === "muted" ? "muted" : setLevel(sql, address, "muted", now);
  const row = sql.one("SELECT level, before FROM notification_levels WHERE address = ?", address);
  if (row?.level !== "muted") return levelOf(sql, address);
  return setLevel(sql, address, row.before as Level, now);
}
