import type { Clock } from "@barnacle/protocol/runtime";
import { isLoopback } from "../../http/index.ts";

const WINDOW_MS = 60_000;
const LOCK_MS = 5 * 60_000;
const LOOPBACK_LOCK_MS = 30_000;
const MOST = 10;
/** Every program of this machine shares one address, and a stale token in one of them must not lock out the others. */
const MOST_LOOPBACK = 100;
const MOST_ADDRESSES = 10_000;

interface Count {
  failures: number;
  /** When the counting began; monotonic. */
  since: number;
  lockedUntil: number;
}

/** Counts wrong secrets by address: ten in a minute lock it for five minutes. Memory is bounded; the oldest is forgotten first. */
export class AuthFailures {
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns milliseconds until the address may try again; 0: now */
  lockedMs(address: string): number {
    const count = this.#counts.get(address);
    return count === undefined ? 0 : Math.max(0, Math.ceil(count.lockedUntil - this.#clock.monotonic()));
  }

  record(address: string): void {
    const now = this.#clock.monotonic();
    const known = this.#counts.get(address);
    const count = known && now - known.since < WINDOW_MS ? known : { failures: 0, since: now, lockedUntil: 0 };
    count.failures += 1;
    const loopback = isLoopback(address);
    if (count.failures >= (loopback ? MOST_LOOPBACK : MOST)) {
      count.lockedUntil = now + (loopback ? LOOPBACK_LOCK_MS : LOCK_MS);
      count.failures = 0;
    }
    this.#counts.delete(address);
    this.#counts.set(address, count);
    const oldest = this.#counts.keys().next();
    if (this.#counts.size > MOST_ADDRESSES && !oldest.done) this.#counts.delete(oldest.value);
  }

  clear(address: string): void {
    this.#counts.delete(address);
  }
}
