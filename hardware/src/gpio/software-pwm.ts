import type { Clock } from "@barnacle/protocol/runtime";

const PERIOD_MS = 10;

/**
 * Pulses a pin by the process's own timers: 100 periods a second in steps of a millisecond, the rest carried over to the
 * next period, so that the share of time on is right in the mean. For lamps and fans, not for servos.
 */
export class SoftwarePwm {
  readonly #clock: Clock;
  readonly #set: (value: 0 | 1) => void;
  #cancel: (() => void) | undefined;
  #duty = 0;
  #carried = 0;

  constructor(clock: Clock, set: (value: 0 | 1) => void) {
    this.#clock = clock;
    this.#set = set;
  }

  /** `duty` between 0 and 1, without either. */
  start(duty: number): void {
    this.#duty = duty;
    if (this.#cancel === undefined) this.#period();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#carried = 0;
  }

  #period(): void {
    const wanted = this.#duty * PERIOD_MS + this.#carried;
    const on = Math.min(PERIOD_MS, Math.floor(wanted));
    this.#carried = wanted - on;
    if (on > 0) this.#set(1);
    if (on === PERIOD_MS) this.#next(PERIOD_MS, () => this.#period());
    else if (on === 0) this.#off(PERIOD_MS);
    else this.#next(on, () => this.#off(PERIOD_MS - on));
  }

  #off(ms: number): void {
    this.#set(0);
    this.#next(ms, () => this.#period());
  }

  #next(ms: number, step: () => void): void {
    this.#cancel = this.#clock.after(ms, step);
  }
}
