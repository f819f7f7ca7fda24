import { existsSync, readFileSync } from "node:fs";
import { type OnnxSession, onnx, openModel, runModel } from "../../onnx/index.ts";

export const MEL_BINS = 32;
/** Spectrogram rows one embedding looks at: 0.76 s. */
export const MEL_ROWS = 76;
/** Spectrogram rows from one embedding to the next: 80 ms. */
export const STEP_ROWS = 8;
/** Numbers per embedding, one embedding per step. */
export const EMBEDDING = 96;
/** More steps in one run save little and cost memory. */
const MOST_STEPS = 4;

/** The published model's input shape [_, 76, 32, …] as it stands in the file: dimensions with fixed values. */
const FIXED_INPUT = Buffer.from([0x0a, 2, 0x08, MEL_ROWS, 0x0a, 2, 0x08, MEL_BINS]);
/** The same with the number of rows left open (a dimension named ""). */
const OPEN_INPUT = Buffer.from([0x0a, 2, 0x12, 0, 0x0a, 2, 0x08, MEL_BINS]);
/** The shape the first node brings its input to, and the same with the rows left open. */
const FIXED_RESHAPE = int64s(-1, 1, MEL_ROWS, MEL_BINS);
const OPEN_RESHAPE = int64s(1, 1, -1, MEL_BINS);

/**
 * The speech embedding. The network is convolution all the way down, with a stride of eight rows: given eight more
 * rows it gives one more embedding, and what neighbours share is computed once, so the second step of a run costs an
 * eighth of the first. The published file fixes the rows at 76; they are opened in memory. A file that does not look
 * like it, or whose numbers then differ, is run as it is, one step at a time.
 */
export class EmbeddingModel {
  readonly #session: OnnxSession;
  /** Steps that one run may take. */
  readonly mostSteps: number;

  private constructor(session: OnnxSession, mostSteps: number) {
    this.#session = session;
    this.mostSteps = mostSteps;
  }

  /** @throws MODEL_MISSING, MODEL_INVALID, LIBRARY_MISSING */
  static async open(file: string): Promise<EmbeddingModel> {
    const bytes = existsSync(file) ? openedRows(readFileSync(file)) : undefined;
    if (bytes) {
      const open = new EmbeddingModel(await openModel(file, bytes), MOST_STEPS);
      if (await sumsUp(open)) return open;
      await open.close();
    }
    return new EmbeddingModel(await openModel(file), 1);
  }

  /**
   * @param rows MEL_ROWS + (steps - 1) * STEP_ROWS spectrogram rows, oldest first
   * @returns `steps` embeddings, oldest first
   */
  async run(rows: Float32Array, steps: number): Promise<Float32Array> {
    const [input = "", output = ""] = [this.#session.inputNames[0], this.#session.outputNames[0]];
    const tensor = new (onnx().Tensor)("float32", rows, [1, rows.length / MEL_BINS, MEL_BINS, 1]);
    const found = await runModel(this.#session, { [input]: tensor }, output);
    if (steps === 1) return found;
    // The model's last node drops the rows' dimension, so numbers come sorted by feature, then by step.
    const sorted = new Float32Array(found.length);
    for (let i = 0; i < found.length; i++) sorted[(i % steps) * EMBEDDING + Math.floor(i / steps)] = found[i] ?? 0;
    return sorted;
  }

  close(): Promise<void> {
    return this.#session.release();
  }
}

/** The model with its rows left open, or undefined when the file is not the published one. */
export function openedRows(file: Buffer): Buffer | undefined {
  const input = onlyPlace(file, FIXED_INPUT);
  const reshape = onlyPlace(file, FIXED_RESHAPE);
  if (input === undefined || reshape === undefined) return undefined;
  OPEN_INPUT.copy(file, input);
  OPEN_RESHAPE.copy(file, reshape);
  return file;
}

/** Whether two steps in one run are what two runs give. */
async function sumsUp(model: EmbeddingModel): Promise<boolean> {
  const rows = new Float32Array((MEL_ROWS + STEP_ROWS) * MEL_BINS);
  for (let i = 0; i < rows.length; i++) rows[i] = Math.sin(i) + 1;
  try {
    const both = await model.run(rows, 2);
    const first = await model.run(rows.subarray(0, MEL_ROWS * MEL_BINS), 1);
    const second = await model.run(rows.subarray(STEP_ROWS * MEL_BINS), 1);
    return [...first, ...second].every((value, i) => Math.abs(value - (both[i] ?? Number.NaN)) < 1e-3);
  } catch {
    // The runtime refuses the shape: this file's layers are not what the byte patterns promised.
    return false;
  }
}

function onlyPlace(file: Buffer, bytes: Buffer): number | undefined {
  const at = file.indexOf(bytes);
  return at >= 0 && file.indexOf(bytes, at + 1) < 0 ? at : undefined;
}

function int64s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => {
    bytes.writeBigInt64LE(BigInt(value), 8 * i);
  });
  return bytes;
}
