import {
  checkPrefix,
  DEFAULT_LIMITS,
  type IdLimits,
  STATUSES,
  type StatusCategory,
  TYPES,
} from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql, WritableSql } from "./sql.ts";

/** What can be set, and what it means. */
export const BEAD_SETTINGS = {
  issue_prefix: "of ids that are made (default hq)",
  min_hash_length: "characters of an id after its prefix, at least: 3 to 8 (default 3)",
  max_hash_length: "characters of an id after its prefix, at most: 3 to 8 (default 8)",
  max_collision_prob: "a longer id is taken above this likelihood of a collision: 0 to 1 (default 0.25)",
  "status.custom": "own statuses: name:category, …; a category is active, wip, frozen or done",
  "types.custom": "own types: name, …",
} as const;

export type BeadSetting = keyof typeof BEAD_SETTINGS;

const WORD = /^[a-z][a-z0-9_-]*$/;
const CATEGORIES: readonly string[] = ["active", "wip", "frozen", "done"] satisfies StatusCategory[];
const MOST_WORDS = 50;
const [SHORTEST, LONGEST] = [3, 8];

export interface CustomStatus {
  readonly name: string;
  readonly category: string;
}

/** How beads are numbered, and words of people's own. Kept in the store, so that a command without a hub knows them. */
export class BeadSettings {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Those that were set. */
  all(): Partial<Record<BeadSetting, string>> {
    const rows = this.#sql.all("SELECT key, value FROM bead_settings ORDER BY key");
    return Object.fromEntries(rows.map(({ key, value }) => [String(key), String(value)]));
  }

  get(key: BeadSetting): string | undefined {
    const value = this.#sql.one("SELECT value FROM bead_settings WHERE key = ?", key)?.value;
    return value === undefined ? undefined : String(value);
  }

  get prefix(): string | undefined {
    return this.get("issue_prefix");
  }

  get limits(): IdLimits {
    const { min_hash_length: min, max_hash_length: max, max_collision_prob: collision } = this.all();
    return {
      min: min === undefined ? DEFAULT_LIMITS.min : Number(min),
      max: max === undefined ? DEFAULT_LIMITS.max : Number(max),
      collision: collision === undefined ? DEFAULT_LIMITS.collision : Number(collision),
    };
  }

  /** Own words beside the built-in ones. */
  words(kind: "status" | "type"): string[] {
    return this.#sql
      .all("SELECT word FROM bead_words WHERE kind = ? ORDER BY word", kind)
      .map(({ word }) => String(word));
  }

  /** @throws INPUT_INVALID naming the key */
  set(key: string, value: string): void {
    const checked = this.#checked(key, value.trim());
    const sql = this.#sql as WritableSql;
    sql.run(
      "INSERT INTO bead_settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      ...[key, checked],
    );
    this.#keepWords(key, checked);
  }

  /** @throws INPUT_INVALID @returns whether it was set */
  unset(key: string): boolean {
    const name = settingOf(key);
    const sql = this.#sql as WritableSql;
    const gone = sql.run("DELETE FROM bead_settings WHERE key = ?", name) > 0;
    this.#keepWords(name, "");
    return gone;
  }

  /** Words that are set and clash with what this version has built in. */
  problems(): string[] {
    return Object.entries(this.all()).flatMap(([key, value]) => {
      try {
        this.#checked(key, value ?? "");
        return [];
      } catch (error) {
        return [(error as Error).message];
      }
    });
  }

  #checked(key: string, value: string): string {
    const name = settingOf(key);
    switch (name) {
      case "issue_prefix":
        return checkPrefix(value);
      case "max_collision_prob":
        if (Number(value) > 0 && Number(value) < 1) return String(Number(value));
        throw wrong(name, "expected a number between 0 and 1");
      case "min_hash_length":
      case "max_hash_length": {
        const length = Number(value);
        const { min, max } = this.limits;
        if (!Number.isInteger(length) || length < SHORTEST || length > LONGEST) {
          throw wrong(name, `expected a whole number from ${SHORTEST} to ${LONGEST}`);
        }
        if (name === "min_hash_length" ? length > max : length < min) {
          throw wrong(name, `the shortest (${min}) must not be longer than the longest (${max})`);
        }
        return String(length);
      }
      case "status.custom":
        return parseStatuses(value)
          .map((status) => `${status.name}:${status.category}`)
          .join(",");
      default:
        return parseTypes(value).join(",");
    }
  }

  #keepWords(key: string, value: string): void {
    if (key !== "status.custom" && key !== "types.custom") return;
    const kind = key === "status.custom" ? "status" : "type";
    const sql = this.#sql as WritableSql;
    sql.run("DELETE FROM bead_words WHERE kind = ?", kind);
    for (const part of value === "" ? [] : value.split(",")) {
      const [word = "", category = null] = part.split(":");
      sql.run("INSERT INTO bead_words (kind, word, category) VALUES (?, ?, ?)", kind, word, category);
    }
  }
}

/** `review:wip, waiting:frozen` @throws INPUT_INVALID */
export function parseStatuses(text: string): CustomStatus[] {
  const found = partsOf("status.custom", text).map((part) => {
    const [name = "", category = ""] = part.split(":").map((one) => one.trim());
    if (!WORD.test(name)) throw wrong("status.custom", `"${name}" is no status; expected letters, digits, - and _`);
    if (Object.hasOwn(STATUSES, name)) throw wrong("status.custom", `"${name}" is built in`);
    if (!CATEGORIES.includes(category)) {
      throw wrong("status.custom", `${name}: expected name:category with one of ${CATEGORIES.join(", ")}`);
    }
    return { name, category };
  });
  refuseTwice(
    "status.custom",
    found.map(({ name }) => name),
  );
  return found;
}

/** @throws INPUT_INVALID */
export function parseTypes(text: string): string[] {
  const found = partsOf("types.custom", text);
  for (const name of found) {
    if (!WORD.test(name)) throw wrong("types.custom", `"${name}" is no type; expected letters, digits, - and _`);
    if (TYPES.includes(name)) throw wrong("types.custom", `"${name}" is built in`);
  }
  refuseTwice("types.custom", found);
  return found;
}

function partsOf(key: string, text: string): string[] {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length > MOST_WORDS) throw wrong(key, `at most ${MOST_WORDS} words`);
  return parts;
}

function refuseTwice(key: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw wrong(key, `"${twice}" is there twice`);
}

/** @throws INPUT_INVALID */
export function settingOf(key: string): BeadSetting {
  if (Object.hasOwn(BEAD_SETTINGS, key)) return key as BeadSetting;
  throw wrong(key.slice(0, 40), `expected one of ${Object.keys(BEAD_SETTINGS).join(", ")}`);
}

function wrong(key: string, text: string): BarnacleError {
  return new BarnacleError("INPUT_INVALID", `${key}: ${text}`, { details: { member: key } });
}
