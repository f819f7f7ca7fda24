import type { Segment } from "./native.ts";
import { baseWord } from "./pronunciation.ts";
import { isPrefixWord } from "./wake-prefix.ts";

/**
 * How well a sentence explains the sound, against a loop of bare phones that explains anything. Scores are differences
 * of the two decoders' acoustic scores per 10 ms frame (one unit is about 0.1 nat); more is better.
 */
export interface Evidence {
  readonly text: string;
  /** Over all words of the sentence. */
  readonly overall: number;
  /** Of the worst word. */
  readonly worstWord: number;
  /** Score that was lost by calling speech silence: words before, between or after those of the sentence. */
  readonly swallowed: number;
}

/**
 * Logistic regression over `Evidence`, fitted with `test/load/speech-corpus.ts` on its six `dev` voices (clean, pink
 * noise and music at 20, 15 and 10 dB together), both classes weighted alike. A sentence recognised wrongly counts as
 * one to reject. Word stretch, silence within the sentence, word count and absolute score were tried and added nothing.
 */
const WEIGHTS = { overall: 0.087, worstWord: 0.089, swallowed: -0.62, bias: 5.3 };
/** A very short word can score without limit; beyond this it says no more. */
const WORST_WORD_FLOOR = -60;

/** Reads the sentence off the grammar's best path; undefined when it holds no word of the household. */
export function weigh(path: readonly Segment[], loop: readonly Segment[]): Evidence | undefined {
  const words = path.filter((segment) => !isFiller(segment.word) && !isPrefixWord(segment.word));
  if (words.length === 0) return undefined;
  let gain = 0;
  let frames = 0;
  let worstWord = Number.POSITIVE_INFINITY;
  for (const word of words) {
    const ratio = word.score - scoreBetween(loop, word.start, word.end);
    gain += ratio;
    frames += length(word);
    worstWord = Math.min(worstWord, ratio / length(word));
  }
  const lost = path
    .filter((segment) => isFiller(segment.word) && segment.end > segment.start)
    .reduce((sum, filler) => sum + Math.max(0, scoreBetween(loop, filler.start, filler.end) - filler.score), 0);
  const text = words.map((segment) => baseWord(segment.word)).join(" ");
  return { text, overall: gain / frames, worstWord: Math.max(WORST_WORD_FLOOR, worstWord), swallowed: lost };
}

/** 0 to 1: how sure it is that the sentence is what was said. */
export function confidenceOf(evidence: Evidence): number {
  const sum =
    WEIGHTS.bias +
    WEIGHTS.overall * evidence.overall +
    WEIGHTS.worstWord * evidence.worstWord +
    WEIGHTS.swallowed * Math.log1p(evidence.swallowed / 100);
  return 1 / (1 + Math.exp(-sum));
}

/** Silence and noise of the decoder's own: `<sil>`, `[NOISE]`, `++SMACK++`, `(NULL)`. */
function isFiller(word: string): boolean {
  return /^[<[(+]/.test(word);
}

function length(segment: Segment): number {
  return segment.end - segment.start + 1;
}

/** The loop's score between two frames, both counted; its segments are shared out by time. */
function scoreBetween(loop: readonly Segment[], start: number, end: number): number {
  let sum = 0;
  for (const segment of loop) {
    const common = Math.min(end, segment.end) - Math.max(start, segment.start) + 1;
    if (common > 0) sum += (segment.score * common) / length(segment);
  }
  return sum;
}
