import { messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import { Inventory } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { Settings } from "../state/index.ts";

const KEY = "inventory";
const Kept = Type.Object({ boot: Type.String(), inventory: Inventory });
/** Behind the start, for which nobody should wait longer; before the node gives back what its start needed. */
const PATIENCE_MS = 4000;

export interface StocktakingParts {
  readonly settings: Pick<Settings, "get" | "set">;
  /** Names the boot; undefined: unknown, then it is read at each start. */
  readonly boot: () => Promise<string | undefined>;
  readonly read: () => Promise<Inventory>;
  /** The inventory is there, or another one. */
  readonly changed: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the board consists of: read once a boot, kept over restarts of the node. */
export class Stocktaking implements Unit {
  readonly #parts: StocktakingParts;
  #inventory: Inventory | undefined;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(parts: StocktakingParts) {
    this.#parts = parts;
  }

  /** Absent until it was read. */
  get inventory(): Inventory | undefined {
    return this.#inventory;
  }

  async start(): Promise<void> {
    const kept = this.#parts.settings.get(KEY, Kept);
    this.#inventory = kept?.inventory;
    const boot = await this.#parts.boot();
    if (kept !== undefined && kept.boot === boot) return;
    this.#cancel = this.#parts.clock.after(PATIENCE_MS, () => void this.#take(boot));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
  }

  async #take(boot: string | undefined): Promise<void> {
    const { read, settings, changed, log } = this.#parts;
    try {
      const inventory = await read();
      if (this.#stopped) return;
      this.#inventory = inventory;
      if (boot !== undefined) settings.set(KEY, { boot, inventory });
      changed();
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "what the board consists of could not be read");
    }
  }
}
