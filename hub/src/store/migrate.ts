import { readdirSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { BarnacleError } from "@barnacle/protocol/errors";

/** One numbered step of the schema. Once released it is never edited; a change is a new number. */
export interface Migration {
  readonly number: number;
  /** The aggregate it belongs to: `devices`. */
  readonly name: string;
  readonly sql: string;
}

/** Whether exactly the hub's own migrations, as their files are numbered, are applied. Loads none of them. */
export function isUpToDate(db: DatabaseSync): boolean {
  const known = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'").get();
  if (!known) return false;
  const row = db
    .prepare("SELECT group_concat(number) AS numbers FROM (SELECT number FROM migrations ORDER BY number)")
    .get();
  return row?.numbers === ownNumbers().join(",");
}

/** Of the files `<number>-<name>.ts`, in order. */
export function ownNumbers(): number[] {
  return readdirSync(path.join(import.meta.dirname, "migrations"))
    .flatMap((name) => /^(\d{3})-.*\.ts$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * Brings the schema up to date. Each migration runs in a transaction of its own together with its record, so a crash
 * leaves it wholly done or not begun.
 * @returns the numbers applied now
 * @throws STATE_NEWER when the database knows a migration that this version does not
 */
export function migrate(db: DatabaseSync, migrations: readonly Migration[], nowMs: number): readonly number[] {
  db.exec(
    "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)",
  );
  const done = new Set<number>();
  for (const row of db.prepare("SELECT number, name FROM migrations ORDER BY number").iterate()) {
    const number = Number(row.number);
    if (!migrations.some((m) => m.number === number)) {
      throw new BarnacleError(
        "STATE_NEWER",
        `the database has migration ${number} (${row.name}); this version knows ${migrations.length}, up to ${highest(migrations)}`,
        { details: { migration: number } },
      );
    }
    done.add(number);
  }
  const todo = migrations.filter(({ number }) => !done.has(number)).sort((a, b) => a.number - b.number);
  for (const [i, migration] of todo.entries()) {
    // The flush of the last one takes those before it along.
    db.exec(`PRAGMA synchronous = ${i === todo.length - 1 ? "FULL" : "NORMAL"}`);
    apply(db, migration, nowMs);
  }
  return todo.map(({ number }) => number);
}

function apply(db: DatabaseSync, migration: Migration, nowMs: number): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    db.exec(migration.sql);
    db.prepare("INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)").run(
      migration.number,
      migration.name,
      nowMs,
    );
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function highest(migrations: readonly Migration[]): number {
  return migrations.reduce((most, m) => Math.max(most, m.number), 0);
}
