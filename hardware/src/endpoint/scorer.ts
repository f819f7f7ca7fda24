import type { Samples } from "../audio/index.ts";

/** Samples per score, 32 ms. */
export const SCORE_FRAME = 512;

/** Says how much a frame sounds like speech. */
export interface SpeechScorer {
  readonly name: string;
  /** @throws MODEL_MISSING, MODEL_INVALID, LIBRARY_MISSING */
  load(): Promise<void>;
  /** @param frame SCORE_FRAME samples; returns 0 to 1 */
  score(frame: Samples): Promise<number>;
  /** Called before each utterance. */
  reset(): void;
  close(): Promise<void>;
}
