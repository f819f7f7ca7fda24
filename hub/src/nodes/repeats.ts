import type { Clock } from "@barnacle/protocol/runtime";

const MOST = 500;

/** Remembers for a moment what was seen, so that the same thing said twice counts once. */
export class Repeats {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #windowMs: number;
  readonly #seen = new Map<string, number>();

  constructor(clock: Pick<Clock, "monotonic">, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** @returns true when `key` was seen within the window; the window does not grow by that */
  isRepeat(key: string): boolean {
    const now = this.#clock.monotonic();
    for (const [old, at] of this.#seen) {
      // In order of age: behind the first that still counts, all do.
      if (now - at < this.#windowMs && this.#seen.size <= MOST) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(key)) return true;
    this.#seen.set(key, now);
    return false;
  }

  /** What came of it was nothing, so the same may be tried again at once. */
  forget(key: string): void {
    this.#seen.delete(key);
  }
}
