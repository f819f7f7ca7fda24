import { Type } from "@sinclair/typebox";
import type { Settings } from "../state/index.ts";

const KEY = "link-token";
const Stored = Type.Object({
  /** The hub was seen to take it. */
  current: Type.Optional(Type.String()),
  /** Told by the hub, and not tried yet. */
  next: Type.Optional(Type.String()),
});

/**
 * The token that the node connects with, beside its key. A new one is on disk before it is tried, and the old one is kept
 * until the hub has taken the new one: wherever the power goes, one of the two is good.
 */
export class LinkToken {
  readonly #settings: Settings;
  /** The new one was refused, so the old one is tried next. */
  #refused: string | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** To be tried now; undefined: the key alone. */
  get best(): string | undefined {
    const { current, next } = this.#stored;
    return next !== undefined && next !== this.#refused ? next : current;
  }

  offered(token: string): void {
    this.#refused = undefined;
    this.#settings.set(KEY, { ...this.#stored, next: token });
  }

  taken(token: string | undefined): void {
    this.#refused = undefined;
    if (token !== undefined && token !== this.#stored.current) this.#settings.set(KEY, { current: token });
  }

  /** @returns whether there is another one to try at once */
  refused(token: string | undefined): boolean {
    const { next } = this.#stored;
    if (token === undefined || token !== next || this.#refused === next) {
      // Neither was taken: the hub may know the new one by the next time.
      this.#refused = undefined;
      return false;
    }
    this.#refused = next;
    return true;
  }

  get #stored() {
    return this.#settings.get(KEY, Stored) ?? {};
  }
}
