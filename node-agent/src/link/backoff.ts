import type { Random } from "@barnacle/protocol/runtime";

const FIRST_MS = 1000;
/** Half of the time for which a hub that was restarted goes on with a turn: the node is back before that. */
const MOST_MS = 15_000;

/** Exponential back-off with full jitter: nodes that lost one hub together do not come back together. */
export class Backoff {
  readonly #random: Random;
  #failures = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt: anywhere from 0 to 1 s, 2 s, 4 s … 15 s. */
  next(): number {
    const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    return Math.round(this.#random.unit() * ceiling);
  }

  reset(): void {
    this.#failures = 0;
  }
}
