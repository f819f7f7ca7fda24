import type { NodeGroup } from "../services.ts";
import type { Store } from "../store/index.ts";

/** Named sets of nodes; a node may be in several. */
export class Groups {
  readonly #store: Store;
  readonly #members = new Map<string, Set<string>>();

  constructor(store: Store) {
    this.#store = store;
  }

  load(): void {
    this.#members.clear();
    for (const row of this.#store.all("SELECT name, device_id FROM node_groups")) {
      const name = String(row.name);
      const members = this.#members.get(name) ?? new Set();
      this.#members.set(name, members.add(String(row.device_id)));
    }
  }

  all(): readonly NodeGroup[] {
    const groups = [...this.#members].map(([name, members]) => ({ name, deviceIds: [...members].sort() }));
    return groups.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): readonly string[] {
    return [...(this.#members.get(name) ?? [])].sort();
  }

  of(deviceId: string): readonly string[] {
    return [...this.#members].filter(([, members]) => members.has(deviceId)).map(([name]) => name);
  }

  /** Within the caller's transaction. */
  put(name: string, deviceIds: readonly string[]): void {
    this.#store.run("DELETE FROM node_groups WHERE name = ?", name);
    for (const id of new Set(deviceIds)) {
      this.#store.run("INSERT INTO node_groups (name, device_id) VALUES (?, ?)", name, id);
    }
    if (deviceIds.length === 0) this.#members.delete(name);
    else this.#members.set(name, new Set(deviceIds));
  }

  /** The rows go with the device. */
  forget(deviceId: string): void {
    for (const [name, members] of this.#members) {
      if (members.delete(deviceId) && members.size === 0) this.#members.delete(name);
    }
  }
}
