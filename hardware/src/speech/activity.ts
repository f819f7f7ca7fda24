import { SAMPLE_RATE, type Samples } from "../audio/format.ts";

const FRAME = (SAMPLE_RATE * 30) / 1000;
/** Speech rises at least this far over the quietest tenth of a clip, even over music. */
const RISE_DB = 8;
/** Below this level nothing is speech, however quiet the room. */
const QUIET_DBFS = -62;
/** Level of a clip too short to have one. */
const SILENCE_DBFS = -120;
/** Less than this is a click, not a word. */
const SHORTEST_SPEECH_FRAMES = 4;

/** Level of each 30 ms frame of a clip that arrives in pieces. */
export class LevelMeter {
  readonly #levels: number[] = [];
  #sum = 0;
  #count = 0;

  add(samples: Samples): void {
    for (const sample of samples) {
      this.#sum += sample * sample;
      this.#count += 1;
      if (this.#count < FRAME) continue;
      this.#levels.push(10 * Math.log10(this.#sum / FRAME / 32768 ** 2 + 1e-12));
      this.#sum = 0;
      this.#count = 0;
    }
  }

  /** Level around a 10 ms frame of a decoder, dB of full scale. */
  levelAt(frame: number): number {
    return this.#levels[Math.min(this.#levels.length - 1, Math.floor(frame / 3))] ?? SILENCE_DBFS;
  }

  /** Level of the quietest tenth so far, dB of full scale. */
  background(): number {
    const sorted = [...this.#levels].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 10)] ?? SILENCE_DBFS;
  }

  /**
   * Whether something stood out from the clip's own background. It judges loudness alone: music counts, steady noise
   * does not.
   */
  heardSpeech(): boolean {
    return this.span() !== undefined;
  }

  /** First and one past the last sample that stood out; undefined when nothing did. */
  span(): { readonly start: number; readonly end: number } | undefined {
    const floor = Math.max(this.background(), QUIET_DBFS - RISE_DB);
    const active = this.#levels.map((level) => level > floor + RISE_DB);
    if (active.filter(Boolean).length < SHORTEST_SPEECH_FRAMES) return undefined;
    return { start: active.indexOf(true) * FRAME, end: (active.lastIndexOf(true) + 1) * FRAME };
  }
}
