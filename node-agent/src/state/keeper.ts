import type { Clock, Unit } from "@barnacle/protocol/runtime";
import type { Settings } from "./settings.ts";
import type { NodeStore } from "./store.ts";

const RETRY_MS = 10_000;

export interface KeeperParts {
  readonly store: NodeStore;
  readonly settings: Settings;
  readonly clock: Clock;
  /** More that waits for the disk; returns why it cannot be written, or undefined. */
  readonly others: readonly (() => string | undefined)[];
  /** The disk failed, or is well again. */
  readonly changed: (reason: string | undefined) => void;
}

/** Looks after the disk: what could not be written is tried again until it can, and everybody can ask how it stands. */
export class StateKeeper implements Unit {
  readonly #parts: KeeperParts;
  #cancel: (() => void) | undefined;
  #told: string | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#cancel ??= this.#parts.clock.every(RETRY_MS, () => this.check());
    this.check();
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#parts.store.heal();
    this.#parts.settings.retry();
  }

  /** Why something is kept in memory only; undefined: all is on disk. */
  get reason(): string | undefined {
    const { store, settings, others } = this.#parts;
    if (!store.durable) return store.reason;
    const waiting = others.map((ask) => ask()).find((reason) => reason !== undefined);
    return waiting ?? (settings.saved ? undefined : "the disk takes nothing");
  }

  check(): void {
    const { store, settings, changed } = this.#parts;
    if (store.heal()) settings.retry();
    const { reason } = this;
    if (reason === this.#told) return;
    this.#told = reason;
    changed(reason);
  }
}
