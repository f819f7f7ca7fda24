/** A score this high will hardly rise further; waiting would only cost time. */
const SURE = 0.9;

export interface PendingHit {
  readonly phrase: string;
  readonly score: number;
  /** End of the first frame at or above the threshold. */
  readonly atSample: number;
}

/**
 * Turns scores per frame into single hits. The first score at or above its threshold makes a hit; it is told at once
 * when the score is sure, otherwise after at most `settle` frames, with the highest score seen, because the first
 * frame often catches the phrase half inside the window and rooms are compared by score. Then all phrases are deaf
 * for the refractory time.
 */
export class HitTracker {
  readonly #settle: number;
  readonly #refractory: number;
  #pending: PendingHit | undefined;
  #waited = 0;
  #deafUntil = 0;

  /**
   * @param settle frames to wait for a better score
   * @param refractory samples of deafness, counted from the hit
   */
  constructor(settle: number, refractory: number) {
    this.#settle = settle;
    this.#refractory = refractory;
  }

  /** The best phrase of one frame: its score, already known to reach the threshold or not. */
  push(phrase: string, score: number, over: boolean, atSample: number): PendingHit | undefined {
    if (atSample < this.#deafUntil) return undefined;
    if (!this.#pending) {
      if (!over) return undefined;
      this.#pending = { phrase, score, atSample };
      this.#waited = 0;
    } else {
      this.#waited++;
      if (over && score > this.#pending.score) this.#pending = { phrase, score, atSample: this.#pending.atSample };
    }
    if (this.#pending.score < SURE && this.#waited < this.#settle) return undefined;
    const hit = this.#pending;
    this.#pending = undefined;
    this.#deafUntil = hit.atSample + this.#refractory;
    return hit;
  }

  reset(): void {
    this.#pending = undefined;
    this.#deafUntil = 0;
  }
}
