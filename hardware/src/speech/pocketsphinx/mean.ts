/** Coefficients of a frame; the first is its energy. */
export const COEFFICIENTS = 13;
/** Frames (10 ms each) over which a first mean is taken. A node's pre-roll alone is nearly as long. */
const FIRST_FRAMES = 150;

/**
 * Takes the mean of an utterance's own sound off its cepstra, which removes what microphone and room do to every frame
 * alike. The library's own running mean starts from whatever was heard before, so that the same recording came out
 * differently each time; this one starts from the utterance's first second and a half and follows it.
 */
export class CepstralMean {
  readonly #sum = new Float64Array(COEFFICIENTS);
  #counted = 0;
  #held: Float32Array[] | undefined = [];
  #heldFrames = 0;

  /** Frames that are ready for the decoder: none at first, then all that were held, then each as it comes. */
  add(cepstra: Float32Array): Float32Array {
    this.#count(cepstra);
    if (!this.#held) return this.#centred([cepstra]);
    this.#held.push(cepstra);
    this.#heldFrames += cepstra.length / COEFFICIENTS;
    return this.#heldFrames < FIRST_FRAMES ? new Float32Array() : this.flush();
  }

  /** What is still held when the utterance ends early. */
  flush(): Float32Array {
    const held = this.#held ?? [];
    this.#held = undefined;
    return this.#centred(held);
  }

  #count(cepstra: Float32Array): void {
    for (let at = 0; at < cepstra.length; at += COEFFICIENTS) {
      // Digital silence, which no microphone gives, would pull the mean far off.
      if ((cepstra[at] ?? 0) < 0) continue;
      this.#counted += 1;
      for (let i = 0; i < COEFFICIENTS; i++) this.#sum[i] = (this.#sum[i] ?? 0) + (cepstra[at + i] ?? 0);
    }
  }

  #centred(parts: readonly Float32Array[]): Float32Array {
    const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    const mean = this.#sum.map((sum) => sum / Math.max(1, this.#counted));
    return all.map((value, i) => value - (mean[i % COEFFICIENTS] ?? 0));
  }
}
