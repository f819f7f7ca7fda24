import type { Clock } from "@barnacle/protocol/runtime";

/** Up to so many listeners hear of every change at once. */
const FEW = 50;
const APART_MS = 1000;

/**
 * News for everybody that replaces what was said before: told at once while few listen, else once a second at most. When
 * thousands come back after a restart, each arrival would otherwise cost a message to each who is there already.
 */
export class Gathered {
  readonly #clock: Clock;
  readonly #listeners: () => number;
  readonly #send: () => void;
  #waits = false;
  #cancel: () => void = () => {};
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: { clock: Clock; listeners: () => number; send: () => void }) {
    this.#clock = options.clock;
    this.#listeners = options.listeners;
    this.#send = options.send;
  }

  /** @returns whether it went out now */
  tell(): boolean {
    if (this.#waits) return false;
    const wait = this.#last + APART_MS - this.#clock.monotonic();
    if (this.#listeners() > FEW && wait > 0) {
      this.#waits = true;
      this.#cancel = this.#clock.after(wait, () => this.#now());
      return false;
    }
    this.#now();
    return true;
  }

  stop(): void {
    this.#cancel();
    this.#waits = false;
  }

  #now(): void {
    this.#waits = false;
    this.#last = this.#clock.monotonic();
    this.#send();
  }
}
