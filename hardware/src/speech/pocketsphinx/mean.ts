/** Coefficients of a frame; the first is its energy. */
export const COEFFICIENTS = 13;
/** Frames (10 ms each) over which a first mean is taken. A node's pre-roll alone is nearly as long. */
const FIRST_FRAMES = 150;
/** Frames above this share of the way from quiet to loud are speech. */
const LOUD = 0.4;
/** How much lower the mean energy of training speech was for its pauses. */
const PAUSES = 4;

/**
 * Takes the mean of an utterance's own speech off its cepstra, which removes what microphone, room and voice do to every
 * frame alike. The library's running mean starts from whatever was heard before, so that the same recording came out
 * differently each time; this one is the utterance's own, from its first second and a half on. Only loud frames count:
 * how long the speaker is silent, or whether a recording begins with digital silence, then makes no difference.
 */
export class CepstralMean {
  #heard: Float32Array = new Float32Array();
  #holding = true;

  /** Frames that are ready for the decoder: none at first, then all that were held, then each as it comes. */
  add(cepstra: Float32Array): Float32Array {
    this.#heard = joined(this.#heard, cepstra);
    if (!this.#holding) return centred(cepstra, speechMean(this.#heard));
    return this.#heard.length < FIRST_FRAMES * COEFFICIENTS ? new Float32Array() : this.flush();
  }

  /** What is still held when the utterance ends early. */
  flush(): Float32Array {
    if (!this.#holding) return new Float32Array();
    this.#holding = false;
    return centred(this.#heard, speechMean(this.#heard));
  }
}

/** Mean of the loud frames, a little of the pauses' quiet allowed for in the energy. */
function speechMean(cepstra: Float32Array): Float64Array {
  const energies = cepstra.filter((_, i) => i % COEFFICIENTS === 0).sort();
  const at = (share: number): number => energies[Math.floor(energies.length * share)] ?? 0;
  const quiet = at(0.1);
  const loud = quiet + LOUD * (at(0.95) - quiet);
  const sum = new Float64Array(COEFFICIENTS);
  let counted = 0;
  for (let frame = 0; frame < cepstra.length; frame += COEFFICIENTS) {
    if ((cepstra[frame] ?? 0) < loud) continue;
    counted += 1;
    for (let i = 0; i < COEFFICIENTS; i++) sum[i] = (sum[i] ?? 0) + (cepstra[frame + i] ?? 0);
  }
  const mean = sum.map((value) => value / Math.max(1, counted));
  mean[0] = (mean[0] ?? 0) - PAUSES;
  return mean;
}

function centred(cepstra: Float32Array, mean: Float64Array): Float32Array {
  return cepstra.map((value, i) => value - (mean[i % COEFFICIENTS] ?? 0));
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
