import type { Clock } from "@barnacle/protocol/runtime";
import type { TurnSpan, TurnStage } from "@barnacle/protocol/schema";

/** A delivery that seems longer than this shows two clocks apart, not a slow link. */
const LONGEST_DELIVERY_MS = 10_000;

/** Measures the hub's stages of one turn and sets them behind the node's. */
export class HubSpans {
  readonly #clock: Clock;
  readonly #base: number;
  readonly #origin: number;
  readonly #spans: TurnSpan[];

  /** @param before the node's spans, which count from the wake @param sinceReportMs wall-clock age of the report */
  constructor(clock: Clock, before: readonly TurnSpan[], sinceReportMs: number | undefined) {
    this.#clock = clock;
    this.#spans = [...before];
    const reported = endOf(before);
    if (sinceReportMs === undefined) {
      this.#base = reported;
    } else {
      const delivery = sinceReportMs >= 0 && sinceReportMs <= LONGEST_DELIVERY_MS ? sinceReportMs : 0;
      this.#spans.push({ stage: "deliver", startMs: round(reported), durationMs: round(delivery) });
      this.#base = reported + delivery;
    }
    this.#origin = clock.monotonic();
  }

  /** Milliseconds of the turn until now. */
  now(): number {
    return this.#base + this.#clock.monotonic() - this.#origin;
  }

  add(stage: TurnStage, startMs: number, durationMs: number): void {
    this.#spans.push({ stage, startMs: round(startMs), durationMs: round(Math.max(0, durationMs)) });
  }

  all(): readonly TurnSpan[] {
    return [...this.#spans];
  }
}

/** When the last of `spans` ends. */
export function endOf(spans: readonly TurnSpan[]): number {
  return spans.reduce((latest, span) => Math.max(latest, span.startMs + span.durationMs), 0);
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
