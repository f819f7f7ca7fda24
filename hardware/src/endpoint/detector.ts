import { BarnacleError } from "@barnacle/protocol/errors";
import { Reframer, type Samples } from "../audio/index.ts";
import { SerialQueue } from "../audio/serial-queue.ts";
import type { EndpointDecision, EndpointDetector } from "./port.ts";
import { EndpointRule, type EndpointTimes } from "./rule.ts";
import { SCORE_FRAME, type SpeechScorer } from "./scorer.ts";

/** The end-of-speech rule over the first of several scorers that loads. */
export class VoiceEndpoint implements EndpointDetector {
  readonly #scorers: readonly SpeechScorer[];
  readonly #rule: EndpointRule;
  readonly #reframer = new Reframer(SCORE_FRAME);
  readonly #queue = new SerialQueue();
  #scorer: SpeechScorer | undefined;

  /** @param scorers in order of preference */
  constructor(scorers: readonly SpeechScorer[], times: EndpointTimes = {}) {
    this.#scorers = scorers;
    this.#rule = new EndpointRule(times);
  }

  /** The scorer in use, or the preferred one before `load`. */
  get name(): string {
    return (this.#scorer ?? this.#scorers[0])?.name ?? "none";
  }

  async load(): Promise<void> {
    if (this.#scorer) return;
    let failure: unknown = new BarnacleError("HARDWARE_UNAVAILABLE", "no end-of-speech engine is configured");
    for (const scorer of this.#scorers) {
      try {
        await scorer.load();
        this.#scorer = scorer;
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  process(samples: Samples): Promise<EndpointDecision> {
    return this.#queue.run(async (stale) => {
      if (!this.#scorer) throw new BarnacleError("HARDWARE_UNAVAILABLE", "the end-of-speech engine is not loaded");
      for (const frame of this.#reframer.push(samples)) {
        if (stale()) return { kind: "waiting" };
        // Once decided, scoring on would only cost time.
        if (this.#rule.decided) break;
        this.#rule.push(await this.#scorer.score(frame), frame.length);
      }
      return stale() ? { kind: "waiting" } : this.#rule.decision;
    });
  }

  reset(): void {
    this.#queue.supersede(() => {
      this.#reframer.reset();
      this.#rule.reset();
      this.#scorer?.reset();
    });
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    const scorer = this.#scorer;
    this.#scorer = undefined;
    await scorer?.close();
  }
}
