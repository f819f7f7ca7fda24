import { levelDbfs, type Samples } from "../audio/index.ts";
import type { SpeechScorer } from "./scorer.ts";

/** Where the noise floor is assumed before anything was heard. */
const FIRST_FLOOR_DBFS = -55;
/** How far above the floor a frame must be to be speech as likely as not. */
const MARGIN_DB = 12;
/** The floor follows quieter sound within a few frames, louder sound by 1 dB a second, so that speech is not learned. */
const FALL = 0.3;
const RISE_DB = 0.032;

/**
 * Loudness over a noise floor, for boards without an ONNX runtime. It ends utterances in a quiet room; over music it
 * hears speech until the limit. The floor is kept between utterances.
 */
export class EnergyScorer implements SpeechScorer {
  readonly name = "energy";
  #floor = FIRST_FLOOR_DBFS;

  async load(): Promise<void> {}

  async score(frame: Samples): Promise<number> {
    const level = levelDbfs(frame);
    this.#floor += level < this.#floor ? (level - this.#floor) * FALL : Math.min(RISE_DB, level - this.#floor);
    return 1 / (1 + Math.exp(-(level - this.#floor - MARGIN_DB)));
  }

  reset(): void {}

  async close(): Promise<void> {}
}
