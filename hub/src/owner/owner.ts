import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, Events, type Unit } from "@barnacle/protocol/runtime";
import type { Owner, OwnerProfile } from "../services.ts";
import type { Store } from "../store/index.ts";

/** Limits of the gateway protocol 4, "users and profiles". */
const MOST_KEYS = 128;
const MOST_ENTRIES = 32;
const MOST_VALUE_BYTES = 4096;

/** The owner's profile and preferences in the hub's store. */
export class StoredOwner implements Owner, Unit {
  readonly events: Owner["events"] = new Events();
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(options: { store: Store; clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  async start(): Promise<void> {
    const now = this.#clock.now();
    this.#store.transaction(() =>
      this.#store.run("INSERT OR IGNORE INTO owner (id, created_at, updated_at) VALUES (1, ?, ?)", now, now),
    );
  }

  async stop(): Promise<void> {}

  profile(): OwnerProfile {
    const row = this.#store.one("SELECT * FROM owner WHERE id = 1");
    return {
      displayName: typeof row?.display_name === "string" ? row.display_name : null,
      createdAt: Number(row?.created_at ?? 0),
      updatedAt: Number(row?.updated_at ?? 0),
    };
  }

  async setDisplayName(name: string | null): Promise<OwnerProfile> {
    const text = name?.trim() || null;
    await this.#store.commit(() =>
      this.#store.run("UPDATE owner SET display_name = ?, updated_at = ? WHERE id = 1", text, this.#clock.now()),
    );
    return this.profile();
  }

  prefs(keys?: readonly string[]): Readonly<Record<string, unknown>> {
    const rows = this.#store.all("SELECT key, value FROM owner_prefs ORDER BY key");
    const wanted = keys && new Set(keys);
    return Object.fromEntries(
      rows
        .filter((row) => !wanted || wanted.has(String(row.key)))
        .map((row) => [row.key, JSON.parse(String(row.value))]),
    );
  }

  async setPrefs(entries: Readonly<Record<string, unknown>>): Promise<void> {
    const changes = Object.entries(entries).map(([key, value]) => ({ key, text: checked(key, value) }));
    if (changes.length > MOST_ENTRIES) {
      throw new BarnacleError("INPUT_INVALID", `at most ${MOST_ENTRIES} preferences at a time, got ${changes.length}`);
    }
    await this.#store.commit(() => {
      for (const { key, text } of changes) this.#set(key, text);
      const count = Number(this.#store.one("SELECT count(*) AS n FROM owner_prefs")?.n);
      if (count <= MOST_KEYS) return;
      throw new BarnacleError("INPUT_INVALID", `at most ${MOST_KEYS} preferences are kept`, {
        details: { code: "USER_PREFS_LIMIT_EXCEEDED", limit: MOST_KEYS, currentCount: count },
      });
    });
    this.events.emit("prefsChanged", { keys: changes.map(({ key }) => key) });
  }

  #set(key: string, text: string | undefined): void {
    if (text === undefined) {
      this.#store.run("DELETE FROM owner_prefs WHERE key = ?", key);
      return;
    }
    this.#store.run(
      "INSERT INTO owner_prefs (key, value, updated_at) VALUES (?, ?, ?) " +
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
      key,
      text,
      this.#clock.now(),
    );
  }
}

function checked(key: string, value: unknown): string | undefined {
  if (key.length === 0 || key.length > 200) {
    throw new BarnacleError("INPUT_INVALID", `a preference's name has 1 to 200 characters, got ${key.length}`);
  }
  if (value === null || value === undefined) return undefined;
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) <= MOST_VALUE_BYTES) return text;
  throw new BarnacleError("INPUT_INVALID", `the preference ${key} is larger than ${MOST_VALUE_BYTES} bytes`);
}
