import type { Clock } from "@barnacle/protocol/runtime";

/**
 * A lower bound of the hub's wall clock, learnt from the stamps of its messages. A board without a battery-backed clock
 * may be years off, so expiry can't be judged by its own; and a bound that is never ahead refuses nothing by mistake.
 */
export class HubTime {
  readonly #clock: Clock;
  #offset: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of a message's stamp and returns the hub's time as far as known. */
  observe(ts: number): number {
    const offset = ts - this.#clock.monotonic();
    if (this.#offset === undefined || offset > this.#offset) this.#offset = offset;
    return this.#clock.monotonic() + this.#offset;
  }

  /** Another hub, or the same one with its clock corrected, may answer next time. */
  forget(): void {
    this.#offset = undefined;
  }
}
