import type { Clock } from "@barnacle/protocol/runtime";

const MOST_KEYS = 10_000;

/** Token buckets by key: `burst` at once, refilled at `perMinute`. Memory is bounded; full buckets are forgotten first. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(options: { clock: Clock; perMinute: number; burst: number }) {
    this.#clock = options.clock;
    this.#perMinute = options.perMinute;
    this.#burst = options.burst;
  }

  /** Takes one token. @returns 0 when there was one, else the milliseconds until there will be */
  take(key: string): number {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) * this.#perMinute) / 60_000);
    bucket.at = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MOST_KEYS) this.#forget();
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.ceil(((1 - bucket.tokens) * 60_000) / this.#perMinute);
  }

  /** As `take`, but nothing is taken. */
  wait(key: string): number {
    const { tokens = this.#burst, at = 0 } = this.#buckets.get(key) ?? {};
    const now = tokens + ((this.#clock.monotonic() - at) * this.#perMinute) / 60_000;
    return now >= 1 ? 0 : Math.ceil(((1 - now) * 60_000) / this.#perMinute);
  }

  #forget(): void {
    const oldest = this.#buckets.keys().next();
    if (!oldest.done) this.#buckets.delete(oldest.value);
  }
}
