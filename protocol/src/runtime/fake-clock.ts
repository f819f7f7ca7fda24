import type { Clock } from "./clock.ts";

interface Timer {
  due: number;
  readonly period: number | undefined;
  readonly fn: () => void;
  readonly order: number;
}

/** A clock that moves only when told to; timers fire in due order, then in order of creation. */
export class FakeClock implements Clock {
  #wall: number;
  #mono = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wall = startMs;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#mono;
  }

  /** Number of timers that have not fired or been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  after(ms: number, fn: () => void): () => void {
    return this.#add(ms, undefined, fn);
  }

  every(ms: number, fn: () => void): () => void {
    return this.#add(ms, ms, fn);
  }

  /** Moves both clocks on by `ms`, firing what falls due, and lets promise reactions run between timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#mono + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#moveTo(next.due);
      if (next.period === undefined) this.#timers.delete(next);
      else next.due += next.period;
      next.fn();
      await settle();
    }
    this.#moveTo(end);
    await settle();
  }

  /** Sets the wall clock without moving monotonic time, as an NTP correction does. */
  jumpTo(wallMs: number): void {
    this.#wall = wallMs;
  }

  #add(ms: number, period: number | undefined, fn: () => void): () => void {
    const timer: Timer = { due: this.#mono + ms, period, fn, order: this.#order++ };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #next(end: number): Timer | undefined {
    let best: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (!best || timer.due < best.due || (timer.due === best.due && timer.order < best.order)) best = timer;
    }
    return best;
  }

  #moveTo(mono: number): void {
    this.#wall += mono - this.#mono;
    this.#mono = mono;
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
