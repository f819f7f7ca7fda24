import type { Samples } from "../audio/index.ts";
import type { WakeEngine, WakeHit } from "./port.ts";

/** A wake engine that hears what its script says: a hit is given by the block of samples that reaches its position. */
export class FakeWake implements WakeEngine {
  readonly name = "fake";
  readonly phrases: readonly string[];
  #script: WakeHit[];
  #position = 0;

  constructor(phrases: readonly string[] = ["hey jarvis"], script: readonly WakeHit[] = []) {
    this.phrases = [...phrases];
    this.#script = [...script];
  }

  /** Samples since `load` or `reset`. */
  get position(): number {
    return this.#position;
  }

  /** Lets the next block of samples complete a detection. */
  hear(phrase: string = this.phrases[0] ?? "", score = 1): void {
    this.#script.push({ phrase, score, atSample: this.#position + 1 });
  }

  async load(): Promise<void> {
    this.#position = 0;
  }

  async process(samples: Samples): Promise<readonly WakeHit[]> {
    this.#position += samples.length;
    const due = this.#script.filter((hit) => hit.atSample <= this.#position);
    this.#script = this.#script.filter((hit) => hit.atSample > this.#position);
    return due;
  }

  reset(): void {
    this.#position = 0;
  }

  async close(): Promise<void> {}
}
