import { Dither, type Samples } from "../../audio/index.ts";
import { type OnnxSession, type OnnxTensor, onnx, runModel } from "../../onnx/index.ts";
import { EMBEDDING, type EmbeddingModel, MEL_BINS, MEL_ROWS, STEP_ROWS } from "./embedding.ts";

/** Samples per step: 80 ms. */
export const STEP = 1280;
/** Samples of the step before that go in front, so that the spectrogram has no seam. */
const OVERLAP = 480;

/**
 * Sound → spectrogram → embeddings, the part of openWakeWord that all phrases share. Holds the last `depth`
 * embeddings of each step of the last push. The sequence and its constants are upstream's (dscripka/openWakeWord,
 * `utils.py`): samples go in as floats in 16-bit scale, and the spectrogram is scaled by value/10 + 2. The spectrogram
 * is made a step at a time, because its model cuts off what lies 80 dB below the loudest sound of its input.
 */
export class FeatureStream {
  readonly #mel: OnnxSession;
  readonly #embedding: EmbeddingModel;
  readonly #depth: number;
  readonly #input = new Float32Array(OVERLAP + STEP);
  readonly #rows: Float32Array;
  readonly #features: Float32Array;
  readonly #inputTensor: OnnxTensor;
  #primed: { input: Float32Array; rows: Float32Array; features: Float32Array } | undefined;

  constructor(mel: OnnxSession, embedding: EmbeddingModel, depth: number) {
    this.#mel = mel;
    this.#embedding = embedding;
    this.#depth = depth;
    const spare = embedding.mostSteps - 1;
    this.#rows = new Float32Array((MEL_ROWS + spare * STEP_ROWS) * MEL_BINS);
    this.#features = new Float32Array((depth + spare) * EMBEDDING);
    this.#inputTensor = new (onnx().Tensor)("float32", this.#input, [1, this.#input.length]);
  }

  /**
   * Fills every buffer with near-silence, so that the first second after start-up is not deaf, and keeps that state
   * for `reset`.
   */
  async prime(): Promise<void> {
    const dither = new Dither();
    this.#rows.fill(1);
    for (let step = 0; step < this.memorySteps; step++) await this.push([dither.next(STEP)]);
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

  /** Steps that one `push` may take. */
  get mostSteps(): number {
    return this.#embedding.mostSteps;
  }

  /** Steps after which nothing older has any influence: the embeddings held, and the rows and overlap of the first. */
  get memorySteps(): number {
    return this.#depth + Math.ceil(MEL_ROWS / STEP_ROWS) + 1;
  }

  /**
   * The last `depth` embeddings as they were `ago` steps before the last one pushed, oldest first; a view that changes
   * with the next `push`.
   */
  latest(depth: number, ago = 0): Float32Array {
    const end = this.#features.length - ago * EMBEDDING;
    return this.#features.subarray(end - depth * EMBEDDING, end);
  }

  /** Takes up to `mostSteps` frames of exactly STEP samples, oldest first. */
  async push(frames: readonly Samples[]): Promise<void> {
    for (const frame of frames) await this.#spectrogram(frame);
    const rows = this.#rows.subarray(this.#rows.length - (MEL_ROWS + (frames.length - 1) * STEP_ROWS) * MEL_BINS);
    const embeddings = await this.#embedding.run(rows, frames.length);
    this.#features.copyWithin(0, embeddings.length);
    this.#features.set(embeddings, this.#features.length - embeddings.length);
  }

  async #spectrogram(frame: Samples): Promise<void> {
    const input = this.#input;
    input.copyWithin(0, STEP);
    input.set(frame, OVERLAP);
    const mel = await runModel(this.#mel, { [nameOf(this.#mel, "in")]: this.#inputTensor }, nameOf(this.#mel, "out"));
    const rows = this.#rows;
    rows.copyWithin(0, mel.length);
    const start = rows.length - mel.length;
    for (let i = 0; i < mel.length; i++) rows[start + i] = (mel[i] ?? 0) / 10 + 2;
  }
}

/** Name of a session's first input or output; exported models carry generated ones such as "x.1" and "53". */
export function nameOf(session: OnnxSession, side: "in" | "out"): string {
  return (side === "in" ? session.inputNames : session.outputNames)[0] ?? "";
}
