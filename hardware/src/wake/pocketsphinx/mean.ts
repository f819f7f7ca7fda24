import { COEFFICIENTS } from "../../speech/pocketsphinx/mean.ts";

/** Frames (10 ms each) that the model's own mean counts for at the start. */
const FIRST_WEIGHT = 50;
/** After this many frames of speech the past is halved: a new voice is met within some seconds. */
const MEMORY = 200;
/** Frames above this share of the way from quiet to loud are speech. */
const LOUD = 0.4;
/** How fast quiet and loud are forgotten, units of the energy coefficient per frame. */
const QUIET_RISES = 0.02;
const LOUD_FALLS = 0.01;
/** How much lower the mean energy of training speech was for its pauses. */
const PAUSES = 4;

/**
 * Takes a running mean of the speech off the cepstra of an endless stream. The library's own running mean counts every
 * frame: after a minute of silence it is the mean of silence, and the first words after it fit nothing.
 */
export class StreamMean {
  readonly #sum: Float64Array;
  #count = FIRST_WEIGHT;
  #quiet = Number.POSITIVE_INFINITY;
  #loud = Number.NEGATIVE_INFINITY;

  /** @param expected the mean that the model expects before anything was heard */
  constructor(expected: Float64Array) {
    this.#sum = expected.map((value) => value * FIRST_WEIGHT);
  }

  add(cepstra: Float32Array): Float32Array {
    const centred = new Float32Array(cepstra.length);
    for (let frame = 0; frame < cepstra.length; frame += COEFFICIENTS) {
      if (this.#isSpeech(cepstra[frame] ?? 0)) this.#learn(cepstra.subarray(frame, frame + COEFFICIENTS));
      for (let i = 0; i < COEFFICIENTS; i++) {
        centred[frame + i] = (cepstra[frame + i] ?? 0) - (this.#sum[i] ?? 0) / this.#count + (i === 0 ? PAUSES : 0);
      }
    }
    return centred;
  }

  #isSpeech(energy: number): boolean {
    this.#quiet = Math.min(this.#quiet + QUIET_RISES, energy);
    this.#loud = Math.max(this.#loud - LOUD_FALLS, energy);
    return energy > this.#quiet + LOUD * (this.#loud - this.#quiet);
  }

  #learn(frame: Float32Array): void {
    for (const [i, value] of frame.entries()) this.#sum[i] = (this.#sum[i] ?? 0) + value;
    this.#count += 1;
    if (this.#count <= MEMORY) return;
    this.#count /= 2;
    for (const [i, value] of this.#sum.entries()) this.#sum[i] = value / 2;
  }
}
