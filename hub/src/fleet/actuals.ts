import { NodeActual } from "@barnacle/protocol/node-config";
import { validator } from "@barnacle/protocol/schema";
import type { Store } from "../store/index.ts";

const check = validator(NodeActual);

/** What nodes said last of their configuration. */
export class Actuals {
  readonly #store: Store;
  readonly #known = new Map<string, { readonly actual: NodeActual; readonly at: number }>();

  constructor(store: Store) {
    this.#store = store;
  }

  load(): void {
    this.#known.clear();
    for (const row of this.#store.all("SELECT * FROM node_actual")) {
      const actual: unknown = JSON.parse(String(row.body));
      if (check.check(actual)) this.#known.set(String(row.device_id), { actual, at: Number(row.at) });
    }
  }

  get(deviceId: string): { readonly actual: NodeActual; readonly at: number } | undefined {
    return this.#known.get(deviceId);
  }

  /** Within the caller's transaction. */
  put(deviceId: string, actual: NodeActual, at: number): void {
    this.#store.run(
      "INSERT INTO node_actual (device_id, body, at) VALUES (?, ?, ?) " +
        "ON CONFLICT (device_id) DO UPDATE SET body = excluded.body, at = excluded.at",
      ...[deviceId, JSON.stringify(actual), at],
    );
    this.#known.set(deviceId, { actual, at });
  }

  forget(deviceId: string): void {
    this.#known.delete(deviceId);
  }
}
