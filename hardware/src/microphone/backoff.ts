import type { Random } from "@barnacle/protocol/runtime";

export interface BackoffOptions {
  readonly firstMs?: number;
  readonly longestMs?: number;
}

/** Growing pauses between attempts to reopen a device: doubled each time, half of each pause random. */
export class Backoff {
  readonly #random: Random;
  readonly #first: number;
  readonly #longest: number;
  #next: number;

  constructor(random: Random, { firstMs = 500, longestMs = 15_000 }: BackoffOptions = {}) {
    this.#random = random;
    this.#first = firstMs;
    this.#longest = longestMs;
    this.#next = firstMs;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const ceiling = this.#next;
    this.#next = Math.min(this.#longest, ceiling * 2);
    return ceiling / 2 + (this.#random.unit() * ceiling) / 2;
  }

  /** After success. */
  reset(): void {
    this.#next = this.#first;
  }
}
