import { type Validator, validator } from "@barnacle/protocol/schema";
import type { Static, TSchema } from "@sinclair/typebox";
import { isWeather } from "./database.ts";
import type { NodeDatabase } from "./store.ts";

/**
 * One small durable value each, as JSON. A value that no longer fits its schema (an older version wrote it) reads as absent.
 * What the disk does not take is kept in memory until it does.
 */
export class Settings {
  readonly #db: NodeDatabase;
  /** Not on disk yet: JSON, or undefined for what was deleted. */
  readonly #unsaved = new Map<string, string | undefined>();
  readonly #validators = new Map<TSchema, Validator<TSchema>>();

  constructor(db: NodeDatabase) {
    this.#db = db;
  }

  get<T extends TSchema>(key: string, schema: T): Static<T> | undefined {
    const text = this.#unsaved.has(key) ? this.#unsaved.get(key) : this.#stored(key);
    if (text === undefined) return undefined;
    let check = this.#validators.get(schema);
    if (!check) {
      check = validator(schema as TSchema);
      this.#validators.set(schema, check);
    }
    const value: unknown = JSON.parse(text);
    return check.check(value) ? (value as Static<T>) : undefined;
  }

  /** Durable when it returns true. What is there already is not written again: the hub repeats itself at each connection. */
  set(key: string, value: unknown): boolean {
    return this.#save(key, JSON.stringify(value));
  }

  delete(key: string): boolean {
    return this.#save(key, undefined);
  }

  /** Nothing waits for the disk. */
  get saved(): boolean {
    return this.#unsaved.size === 0;
  }

  /** Writes what the disk did not take before. @returns true when nothing is left */
  retry(): boolean {
    for (const [key, text] of [...this.#unsaved]) if (!this.#save(key, text)) return false;
    return true;
  }

  #stored(key: string): string | undefined {
    const row = this.#db.prepare("SELECT value FROM setting WHERE key = ?").get(key) as { value: string } | undefined;
    return row?.value;
  }

  #save(key: string, text: string | undefined): boolean {
    try {
      if (text === undefined) this.#db.prepare("DELETE FROM setting WHERE key = ?").run(key);
      else if (text !== this.#stored(key)) {
        this.#db
          .prepare(
            "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
          )
          .run(key, text);
      }
      this.#unsaved.delete(key);
      return true;
    } catch (error) {
      if (!isWeather(error)) throw error;
      this.#unsaved.set(key, text);
      return false;
    }
  }
}
