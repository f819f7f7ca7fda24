import { SAMPLE_RATE } from "../audio/index.ts";
import type { EndpointDecision } from "./port.ts";

export interface EndpointTimes {
  /** Silence after speech that ends the utterance. */
  readonly silenceMs?: number;
  /** Longest utterance. */
  readonly limitMs?: number;
  /** Time to begin speaking. */
  readonly noSpeechMs?: number;
  /** Shortest stretch that counts as speech: the tail of the wake phrase and a click are shorter. */
  readonly minSpeechMs?: number;
  /** Score from which a frame is speech, 0 to 1. */
  readonly threshold?: number;
}

export const ENDPOINT_DEFAULTS = { silenceMs: 700, limitMs: 8000, noSpeechMs: 4000, minSpeechMs: 96, threshold: 0.5 };

/** From one speech score per frame to the moment an utterance is over. Knows no engine and no clock. */
export class EndpointRule {
  readonly #silence: number;
  readonly #limit: number;
  readonly #noSpeech: number;
  readonly #minSpeech: number;
  readonly #threshold: number;
  #position = 0;
  /** Start of the present unbroken stretch of speech frames. */
  #stretch: number | undefined;
  #start: number | undefined;
  #end = 0;
  #decision: EndpointDecision = { kind: "waiting" };

  constructor(times: EndpointTimes = {}) {
    const samples = (ms: number): number => (ms * SAMPLE_RATE) / 1000;
    this.#silence = samples(times.silenceMs ?? ENDPOINT_DEFAULTS.silenceMs);
    this.#limit = samples(times.limitMs ?? ENDPOINT_DEFAULTS.limitMs);
    this.#noSpeech = samples(times.noSpeechMs ?? ENDPOINT_DEFAULTS.noSpeechMs);
    this.#minSpeech = samples(times.minSpeechMs ?? ENDPOINT_DEFAULTS.minSpeechMs);
    this.#threshold = times.threshold ?? ENDPOINT_DEFAULTS.threshold;
  }

  get decision(): EndpointDecision {
    return this.#decision;
  }

  /** True once the decision will not change until `reset`. */
  get decided(): boolean {
    return this.#decision.kind === "end" || this.#decision.kind === "no-speech";
  }

  push(score: number, length: number): EndpointDecision {
    if (this.decided) return this.#decision;
    const from = this.#position;
    this.#position += length;
    if (score >= this.#threshold) {
      this.#stretch ??= from;
      if (this.#position - this.#stretch >= this.#minSpeech) this.#start ??= this.#stretch;
      if (this.#start !== undefined) this.#end = this.#position;
    } else {
      this.#stretch = undefined;
    }
    this.#decision = this.#decide();
    return this.#decision;
  }

  reset(): void {
    this.#position = 0;
    this.#stretch = undefined;
    this.#start = undefined;
    this.#end = 0;
    this.#decision = { kind: "waiting" };
  }

  #decide(): EndpointDecision {
    if (this.#start === undefined) {
      const late = this.#position >= this.#noSpeech && this.#stretch === undefined;
      return late || this.#position >= this.#limit ? { kind: "no-speech" } : { kind: "waiting" };
    }
    const reason = this.#position - this.#end >= this.#silence ? "silence" : "limit";
    if (reason === "limit" && this.#position < this.#limit) return { kind: "speech" };
    return { kind: "end", reason, speechStartSample: this.#start, speechEndSample: this.#end };
  }
}
