import { Dither, type Samples } from "../../audio/index.ts";
import { type OnnxSession, type OnnxTensor, onnx, runModel } from "../../onnx/index.ts";

/** Samples per step: 80 ms. */
export const STEP = 1280;
/** Samples of the step before that go in front, so that the spectrogram has no seam. */
const OVERLAP = 480;
const MEL_BINS = 32;
/** Spectrogram rows the embedding looks at: 0.76 s. */
const MEL_ROWS = 76;
/** Numbers per embedding, one embedding per step. */
export const EMBEDDING = 96;

/**
 * Sound → spectrogram → embeddings, the part of openWakeWord that all phrases share. Holds the last `depth`
 * embeddings. The sequence and its constants are upstream's (dscripka/openWakeWord, `utils.py`): samples go in as
 * floats in 16-bit scale, and the spectrogram is scaled by value/10 + 2.
 */
export class FeatureStream {
  readonly #mel: OnnxSession;
  readonly #embedding: OnnxSession;
  readonly #input = new Float32Array(OVERLAP + STEP);
  readonly #rows = new Float32Array(MEL_ROWS * MEL_BINS);
  readonly #features: Float32Array;
  readonly #inputTensor: OnnxTensor;
  readonly #rowsTensor: OnnxTensor;
  #primed: { input: Float32Array; rows: Float32Array; features: Float32Array } | undefined;

  constructor(mel: OnnxSession, embedding: OnnxSession, depth: number) {
    const { Tensor } = onnx();
    this.#mel = mel;
    this.#embedding = embedding;
    this.#features = new Float32Array(depth * EMBEDDING);
    this.#inputTensor = new Tensor("float32", this.#input, [1, this.#input.length]);
    this.#rowsTensor = new Tensor("float32", this.#rows, [1, MEL_ROWS, MEL_BINS, 1]);
  }

  /**
   * Fills every buffer with near-silence, so that the first second after start-up is not deaf, and keeps that state
   * for `reset`.
   */
  async prime(): Promise<void> {
    const dither = new Dither();
    const steps = this.#features.length / EMBEDDING + Math.ceil(MEL_ROWS / 8);
    this.#rows.fill(1);
    for (let step = 0; step < steps; step++) await this.push(dither.next(STEP));
    this.#primed = {
      input: this.#input.slice(),
      rows: this.#rows.slice(),
      features: this.#features.slice(),
    };
  }

  reset(): void {
    if (!this.#primed) return;
    this.#input.set(this.#primed.input);
    this.#rows.set(this.#primed.rows);
    this.#features.set(this.#primed.features);
  }

  /** Steps after which nothing older has any influence: the embeddings held, and the rows and overlap of the first. */
  get memorySteps(): number {
    return this.#features.length / EMBEDDING + Math.ceil(MEL_ROWS / 8) + 1;
  }

  /** The last `depth` embeddings, oldest first; a view that changes with the next `push`. */
  latest(depth: number): Float32Array {
    return this.#features.subarray(this.#features.length - depth * EMBEDDING);
  }

  /** Takes exactly STEP samples. */
  async push(frame: Samples): Promise<void> {
    const input = this.#input;
    input.copyWithin(0, STEP);
    input.set(frame, OVERLAP);
    const mel = await runModel(this.#mel, { [nameOf(this.#mel, "in")]: this.#inputTensor }, nameOf(this.#mel, "out"));
    const rows = this.#rows;
    rows.copyWithin(0, mel.length);
    const start = rows.length - mel.length;
    for (let i = 0; i < mel.length; i++) rows[start + i] = (mel[i] ?? 0) / 10 + 2;
    const feeds = { [nameOf(this.#embedding, "in")]: this.#rowsTensor };
    const embedding = await runModel(this.#embedding, feeds, nameOf(this.#embedding, "out"));
    this.#features.copyWithin(0, EMBEDDING);
    this.#features.set(embedding, this.#features.length - EMBEDDING);
  }
}

/** Name of a session's first input or output; exported models carry generated ones such as "x.1" and "53". */
export function nameOf(session: OnnxSession, side: "in" | "out"): string {
  return (side === "in" ? session.inputNames : session.outputNames)[0] ?? "";
}
