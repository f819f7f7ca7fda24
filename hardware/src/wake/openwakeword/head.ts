import { BarnacleError } from "@barnacle/protocol/errors";
import { type OnnxSession, type OnnxTensor, onnx, openModel, runModel } from "../../onnx/index.ts";
import { EMBEDDING } from "./embedding.ts";
import { type FeatureStream, nameOf } from "./features.ts";

/** One phrase's classifier over the shared features. */
export class Head {
  readonly phrase: string;
  /** Embeddings it looks at; a property of the model (16 for upstream's phrases). */
  readonly depth: number;
  readonly #session: OnnxSession;
  readonly #window: Float32Array;
  readonly #tensor: OnnxTensor;

  private constructor(phrase: string, session: OnnxSession, depth: number) {
    this.phrase = phrase;
    this.depth = depth;
    this.#session = session;
    this.#window = new Float32Array(depth * EMBEDDING);
    this.#tensor = new (onnx().Tensor)("float32", this.#window, [1, depth, EMBEDDING]);
  }

  /** @throws MODEL_MISSING, MODEL_INVALID when the file is no openWakeWord head of one phrase */
  static async open(phrase: string, file: string): Promise<Head> {
    const session = await openModel(file);
    const input = session.inputMetadata[0];
    const depth = input?.isTensor ? input.shape[1] : undefined;
    const width = input?.isTensor ? input.shape[2] : undefined;
    if (typeof depth !== "number" || width !== EMBEDDING) {
      await session.release();
      throw new BarnacleError(
        "MODEL_INVALID",
        `model ${file} takes ${input?.isTensor ? `[${input.shape.join(", ")}]` : "no tensor"}, expected [1, N, ${EMBEDDING}]`,
        { details: { file } },
      );
    }
    return new Head(phrase, session, depth);
  }

  /** 0 to 1, as it stood `ago` steps before the last one pushed. */
  async score(features: FeatureStream, ago = 0): Promise<number> {
    this.#window.set(features.latest(this.depth, ago));
    const out = await runModel(
      this.#session,
      { [nameOf(this.#session, "in")]: this.#tensor },
      nameOf(this.#session, "out"),
    );
    return out[0] ?? 0;
  }

  close(): Promise<void> {
    return this.#session.release();
  }
}
