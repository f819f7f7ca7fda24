import type { DatabaseSync } from "node:sqlite";
import { type Validator, validator } from "@barnacle/protocol/schema";
import type { Static, TSchema } from "@sinclair/typebox";

/** One small durable value each, as JSON. A value that no longer fits its schema (an older version wrote it) reads as absent. */
export class Settings {
  readonly #db: DatabaseSync;
  readonly #validators = new Map<TSchema, Validator<TSchema>>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get<T extends TSchema>(key: string, schema: T): Static<T> | undefined {
    const row = this.#db.prepare("SELECT value FROM setting WHERE key = ?").get(key) as { value: string } | undefined;
    if (row === undefined) return undefined;
    let check = this.#validators.get(schema);
    if (!check) {
      check = validator(schema as TSchema);
      this.#validators.set(schema, check);
    }
    const value: unknown = JSON.parse(row.value);
    return check.check(value) ? (value as Static<T>) : undefined;
  }

  /** Durable when it returns. What is there already is not written again: the hub repeats itself at each connection. */
  set(key: string, value: unknown): void {
    this.#db
      .prepare(
        `INSERT INTO setting (key, value) VALUES (?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`,
      )
      .run(key, JSON.stringify(value));
  }

  delete(key: string): void {
    this.#db.prepare("DELETE FROM setting WHERE key = ?").run(key);
  }
}
