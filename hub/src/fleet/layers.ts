import type { JsonObject } from "@barnacle/protocol/schema";
import type { ConfigLayer, FleetScope } from "../services.ts";
import type { Row, Store } from "../store/index.ts";

/** Layers with every version they ever had. */
export class Layers {
  readonly #store: Store;
  readonly #newest = new Map<FleetScope, ConfigLayer>();

  constructor(store: Store) {
    this.#store = store;
  }

  load(): void {
    this.#newest.clear();
    const rows = this.#store.all("SELECT * FROM config_layers ORDER BY scope, version");
    for (const row of rows) this.#newest.set(String(row.scope), layerOf(row));
  }

  all(): readonly ConfigLayer[] {
    return [...this.#newest.values()].filter(({ config }) => Object.keys(config).length > 0);
  }

  get(scope: FleetScope): ConfigLayer {
    return this.#newest.get(scope) ?? { scope, version: 0, config: {} };
  }

  history(scope: FleetScope): readonly ConfigLayer[] {
    return this.#store.all("SELECT * FROM config_layers WHERE scope = ? ORDER BY version DESC", scope).map(layerOf);
  }

  /** Within the caller's transaction; `keep` follows when that has succeeded. */
  write(scope: FleetScope, config: JsonObject, at: number, by: string): ConfigLayer {
    const version = this.get(scope).version + 1;
    this.#store.run(
      "INSERT INTO config_layers (scope, version, config, changed_at, changed_by) VALUES (?, ?, ?, ?, ?)",
      ...[scope, version, JSON.stringify(config), at, by],
    );
    return { scope, version, config, changedAtMs: at, changedBy: by };
  }

  keep(layer: ConfigLayer): void {
    this.#newest.set(layer.scope, layer);
  }
}

function layerOf(row: Row): ConfigLayer {
  return {
    scope: String(row.scope),
    version: Number(row.version),
    config: JSON.parse(String(row.config)),
    changedAtMs: Number(row.changed_at),
    changedBy: String(row.changed_by),
  };
}
