import type { Samples } from "./format.ts";

/**
 * Near-silence: noise of a few steps, repeatable from its seed. Digital zero is something no microphone gives, and
 * engines behave differently on it.
 */
export class Dither {
  readonly #amplitude: number;
  readonly #seed: number;
  #state: number;

  /** @param amplitude largest value in steps of 16 bit */
  constructor(amplitude = 6, seed = 1) {
    this.#amplitude = amplitude;
    this.#seed = seed;
    this.#state = seed >>> 0;
  }

  next(length: number): Samples {
    const out = new Int16Array(length);
    for (let i = 0; i < length; i++) {
      // Numerical Recipes' linear congruential generator; the high bits are good enough for noise.
      this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
      out[i] = Math.round((this.#state / 2 ** 31 - 1) * this.#amplitude);
    }
    return out;
  }

  reset(): void {
    this.#state = this.#seed >>> 0;
  }
}
