import { BarnacleError } from "@barnacle/protocol/errors";
import { SAMPLE_RATE, type Samples } from "../audio/index.ts";
import { findModel, modelDirs, type OnnxSession, type OnnxTensor, onnx, openModel } from "../onnx/index.ts";
import { SCORE_FRAME, type SpeechScorer } from "./scorer.ts";

export const SILERO_FILE = "silero_vad.onnx";
const STATE = [2, 1, 64];
const FULL_SCALE = 32_768;

/** Silero's voice detector, fourth generation: 512 samples and two state tensors in, one probability out. */
export class SileroScorer implements SpeechScorer {
  readonly name = "silero";
  readonly #modelDir: string | undefined;
  readonly #input = new Float32Array(SCORE_FRAME);
  #model: { session: OnnxSession; input: OnnxTensor; rate: OnnxTensor } | undefined;
  #h: OnnxTensor | undefined;
  #c: OnnxTensor | undefined;

  constructor(modelDir?: string) {
    this.#modelDir = modelDir;
  }

  async load(): Promise<void> {
    if (this.#model) return;
    const dirs = modelDirs(this.#modelDir);
    const file = findModel(dirs, [SILERO_FILE]);
    if (file === undefined)
      throw new BarnacleError("MODEL_MISSING", `${SILERO_FILE} is in none of: ${dirs.join(", ")}`);
    const session = await openModel(file);
    const expected = ["input", "sr", "h", "c"];
    if (!expected.every((name) => session.inputNames.includes(name))) {
      await session.release();
      throw new BarnacleError(
        "MODEL_INVALID",
        `${file} has inputs ${session.inputNames.join(", ")}; expected ${expected.join(", ")} (fourth generation)`,
      );
    }
    const { Tensor } = onnx();
    this.#model = {
      session,
      input: new Tensor("float32", this.#input, [1, SCORE_FRAME]),
      rate: new Tensor("int64", BigInt64Array.of(BigInt(SAMPLE_RATE)), []),
    };
    this.reset();
  }

  async score(frame: Samples): Promise<number> {
    if (!this.#model || !this.#h || !this.#c) {
      throw new BarnacleError("HARDWARE_UNAVAILABLE", "Silero is not loaded; call load first");
    }
    for (let i = 0; i < SCORE_FRAME; i++) this.#input[i] = (frame[i] ?? 0) / FULL_SCALE;
    const { session, input, rate } = this.#model;
    const { output, hn, cn } = await session.run({ input, sr: rate, h: this.#h, c: this.#c });
    this.#h = hn;
    this.#c = cn;
    return Number(output?.data[0] ?? 0);
  }

  reset(): void {
    if (!this.#model) return;
    const { Tensor } = onnx();
    const zeros = (): OnnxTensor => new Tensor("float32", new Float32Array(2 * 64), STATE);
    this.#h = zeros();
    this.#c = zeros();
  }

  async close(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    await model?.session.release();
  }
}
