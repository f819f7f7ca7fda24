import { LevelMeter } from "../../speech/activity.ts";
import { PhraseJudge } from "./judge.ts";
import { Spotter } from "./spotter.ts";

/**
 * Likelihood of a phrase against any other sound, for the first guess: nearly anything that is long enough passes now and
 * then, and nothing that is a phrase fails.
 */
const GUESS = 1e-80;
/** What is judged begins so long before the guess, samples: no phrase takes longer. */
const BEFORE = 16_000;
/** Judged at once, and again when more was heard: some guesses come before the phrase's end. Samples. */
const LOOKS = [0, 3200] as const;
const KEPT = BEFORE + Math.max(...LOOKS);

interface Look {
  /** Where its sound begins and ends, samples since the stream's start. */
  readonly from: number;
  readonly to: number;
}

/** Listens for phrases in an endless stream: guesses cheaply all the time, and judges what was guessed. */
export class Listener {
  readonly #spotter: Spotter;
  readonly #judge: PhraseJudge;
  #heard = new Int16Array(0);
  #position = 0;
  #looks: Look[] = [];

  private constructor(spotter: Spotter, judge: PhraseJudge) {
    this.#spotter = spotter;
    this.#judge = judge;
  }

  /** @throws LIBRARY_MISSING, MODEL_MISSING also when a phrase has a word that is not in the dictionary */
  static async open(phrases: readonly string[]): Promise<Listener> {
    const spotter = await Spotter.open(phrases, GUESS);
    return new Listener(spotter, await PhraseJudge.open(phrases));
  }

  /** The phrase that was heard up to the end of these samples, if one was. */
  feed(samples: Int16Array): string | undefined {
    const heard = new Int16Array(Math.min(KEPT, this.#heard.length + samples.length));
    const kept = this.#heard.subarray(Math.max(0, this.#heard.length + samples.length - KEPT));
    heard.set(kept);
    heard.set(samples, kept.length);
    this.#heard = heard;
    this.#position += samples.length;
    if (this.#spotter.feed(samples) !== undefined) {
      const from = this.#position - BEFORE;
      this.#looks.push(...LOOKS.map((later) => ({ from, to: this.#position + later })));
    }
    while (this.#looks[0] && this.#looks[0].to <= this.#position) {
      const phrase = this.#look(this.#looks.shift() as Look);
      if (phrase === undefined) continue;
      this.#looks = [];
      return phrase;
    }
    return undefined;
  }

  /** Begins with a new stream: nothing of the one before is left. */
  reset(): void {
    this.#spotter.reset();
    this.#heard = new Int16Array(0);
    this.#position = 0;
    this.#looks = [];
  }

  #look({ from }: Look): string | undefined {
    const start = Math.max(0, this.#heard.length - (this.#position - from));
    const sound = this.#heard.subarray(start);
    const meter = new LevelMeter();
    meter.add(sound);
    // A fan is guessed as well, twice a second; the judge would find out, at length.
    return meter.heardSpeech() ? this.#judge.hear(sound) : undefined;
  }
}
