import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 50;

/** The longest time the event loop was held up since the last reading. */
export class LoopDelay {
  #histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;

  start(): void {
    this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram.enable();
  }

  stop(): void {
    this.#histogram?.disable();
    this.#histogram = undefined;
  }

  /** Milliseconds; starts a new period. */
  take(): number | undefined {
    const histogram = this.#histogram;
    if (!histogram || histogram.count === 0) return undefined;
    const longest = histogram.max / 1e6 - RESOLUTION_MS;
    histogram.reset();
    return Math.max(0, Math.round(longest * 10) / 10);
  }
}
