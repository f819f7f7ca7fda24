import type { Recognition } from "@barnacle/hardware/speech";
import type { TurnSpan, TurnStage, VoiceTurnReport, WakeDetection } from "@barnacle/protocol/schema";

const REASON_LENGTH = 500;

/** One voice exchange while it is under way: what is known of it so far and when each stage ran. */
export class Turn {
  readonly turnId: string;
  readonly startedAt: number;
  readonly wake: WakeDetection;
  readonly #room: string | undefined;
  /** Monotonic time of the detection; spans count from it. */
  readonly #origin: number;
  readonly #spans: TurnSpan[] = [];
  /** Samples that went to the recogniser. */
  fed = 0;

  constructor(
    turnId: string,
    wake: WakeDetection,
    times: { startedAt: number; origin: number },
    room: string | undefined,
  ) {
    this.turnId = turnId;
    this.wake = wake;
    this.startedAt = times.startedAt;
    this.#origin = times.origin;
    this.#room = room;
    this.#spans.push({ stage: "wake", startMs: -wake.latencyMs, durationMs: wake.latencyMs });
  }

  /** @param from milliseconds since the detection */
  stage(stage: TurnStage, from: number, to: number): void {
    this.#spans.push(this.#span(stage, from, to));
  }

  /** A span from monotonic times. */
  spanAt(stage: TurnStage, at: number, durationMs: number): TurnSpan {
    return this.#span(stage, at - this.#origin, at - this.#origin + durationMs);
  }

  /** Milliseconds since the detection at monotonic time `at`. */
  since(at: number): number {
    return at - this.#origin;
  }

  report(
    result: Recognition | { readonly outcome: "failed"; readonly reason: string },
    sampleRate: number,
  ): VoiceTurnReport {
    const common = {
      turnId: this.turnId,
      ...(this.#room === undefined ? {} : { room: this.#room }),
      startedAt: this.startedAt,
      wake: this.wake,
      audioMs: Math.round((this.fed * 1000) / sampleRate),
      spans: this.#spans,
    };
    if (result.outcome === "failed") {
      return { ...common, outcome: "failed", reason: result.reason.slice(0, REASON_LENGTH) };
    }
    const heard = { ...common, outcome: result.outcome, confidence: result.confidence, recogniser: result.engine };
    if (result.outcome === "transcript") return { ...heard, transcript: result.text };
    return {
      ...heard,
      reason: result.outcome === "rejected" ? "no sentence of the household fits" : "no words were heard",
    };
  }

  #span(stage: TurnStage, from: number, to: number): TurnSpan {
    const round = (ms: number): number => Math.round(ms * 10) / 10;
    return { stage, startMs: round(from), durationMs: round(Math.max(0, to - from)) };
  }
}
