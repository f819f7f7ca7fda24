import type { Samples } from "../audio/index.ts";
import type { EndpointDecision, EndpointDetector } from "./port.ts";

/** Ends each utterance where it is told to, counted in samples from `reset`. */
export class FakeEndpoint implements EndpointDetector {
  readonly name = "fake";
  /** Where the utterance ends; undefined hears no speech by `noSpeechAt`. */
  endAt: number | undefined;
  noSpeechAt = 64_000;
  #position = 0;

  constructor(endAt: number | undefined = 16_000) {
    this.endAt = endAt;
  }

  async load(): Promise<void> {}

  async process(samples: Samples): Promise<EndpointDecision> {
    this.#position += samples.length;
    if (this.endAt === undefined) return { kind: this.#position >= this.noSpeechAt ? "no-speech" : "waiting" };
    if (this.#position < this.endAt) return { kind: "speech" };
    return { kind: "end", reason: "silence", speechStartSample: 0, speechEndSample: this.endAt };
  }

  reset(): void {
    this.#position = 0;
  }

  async close(): Promise<void> {}
}
