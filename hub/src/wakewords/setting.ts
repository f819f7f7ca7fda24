import type { Store } from "../store/index.ts";

export function readSetting<T>(store: Store, name: string): T | undefined {
  const row = store.one("SELECT value FROM settings WHERE name = ?", name);
  return row && (JSON.parse(String(row.value)) as T);
}

/** Inside a transaction of the store. */
export function writeSetting(store: Store, name: string, value: unknown, now: number): void {
  store.run(
    "INSERT INTO settings (name, value, updated_at) VALUES (?, ?, ?) " +
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
    name,
    JSON.stringify(value),
    now,
  );
}
