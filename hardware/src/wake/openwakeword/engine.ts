import { BarnacleError } from "@barnacle/protocol/errors";
import { Reframer, SAMPLE_RATE, type Samples } from "../../audio/index.ts";
import { SerialQueue } from "../../audio/serial-queue.ts";
import { type OnnxSession, openModel } from "../../onnx/index.ts";
import type { WakeEngine, WakeHit } from "../port.ts";
import { FeatureStream, STEP } from "./features.ts";
import { QuietGate } from "./gate.ts";
import { Head } from "./head.ts";
import { HitTracker } from "./hit.ts";
import { locateOpenWakeWord } from "./models.ts";

export interface OpenWakeWordOptions {
  readonly phrases: readonly string[];
  /** Searched before the models that are installed with Barnacle. */
  readonly modelDir?: string;
  /** Score from which a phrase counts as heard, 0 to 1. */
  readonly threshold?: number;
  /** Per phrase, where it differs. */
  readonly thresholds?: Readonly<Record<string, number>>;
  /** Frames of 80 ms to wait for a better score; 0 tells every hit at once. */
  readonly settleFrames?: number;
  readonly refractoryMs?: number;
  /** Lets the models rest while the room is quiet; true unless set. It changes the cost, not what is heard. */
  readonly gate?: boolean;
}

const DEFAULT_THRESHOLD = 0.5;
const DEFAULT_SETTLE = 1;
const DEFAULT_REFRACTORY_MS = 2000;

/** openWakeWord's models: one pass over the sound shared by all phrases, then a small classifier each. */
export class OpenWakeWord implements WakeEngine {
  readonly name = "openwakeword";
  readonly phrases: readonly string[];
  readonly #options: OpenWakeWordOptions;
  readonly #queue = new SerialQueue();
  readonly #reframer = new Reframer(STEP);
  readonly #hits: HitTracker;
  readonly #gate: QuietGate | undefined;
  /** Quiet frames not yet looked at, oldest first; never more than the models can remember. */
  #held: Samples[] = [];
  #models: { features: FeatureStream; heads: readonly Head[]; backbone: readonly OnnxSession[] } | undefined;
  #position = 0;

  constructor(options: OpenWakeWordOptions) {
    this.#options = options;
    this.phrases = [...options.phrases];
    const refractory = ((options.refractoryMs ?? DEFAULT_REFRACTORY_MS) * SAMPLE_RATE) / 1000;
    this.#gate = options.gate === false ? undefined : new QuietGate();
    this.#hits = new HitTracker(options.settleFrames ?? DEFAULT_SETTLE, refractory);
  }

  async load(): Promise<void> {
    if (this.#models) return;
    const files = locateOpenWakeWord(this.phrases, this.#options.modelDir);
    const opened: { close(): Promise<void> }[] = [];
    try {
      const backbone: OnnxSession[] = [];
      for (const file of [files.mel, files.embedding]) {
        const session = await openModel(file);
        opened.push({ close: () => session.release() });
        backbone.push(session);
      }
      const heads: Head[] = [];
      for (const { phrase, file } of files.heads) {
        const head = await Head.open(phrase, file);
        opened.push(head);
        heads.push(head);
      }
      const [mel, embedding] = backbone as [OnnxSession, OnnxSession];
      const features = new FeatureStream(mel, embedding, Math.max(1, ...heads.map((head) => head.depth)));
      await features.prime();
      this.#models = { features, heads, backbone };
    } catch (error) {
      await Promise.all(opened.map((part) => part.close()));
      throw error;
    }
    this.#position = 0;
  }

  process(samples: Samples): Promise<readonly WakeHit[]> {
    return this.#queue.run(async (stale) => {
      const hits: WakeHit[] = [];
      for (const frame of this.#reframer.push(samples)) {
        if (stale()) return [];
        const hit = await this.#step(frame);
        if (hit) hits.push(hit);
      }
      return stale() ? [] : hits;
    });
  }

  reset(): void {
    this.#queue.supersede(() => {
      this.#reframer.reset();
      this.#hits.reset();
      this.#gate?.reset();
      this.#held = [];
      this.#models?.features.reset();
      this.#position = 0;
    });
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    const models = this.#models;
    this.#models = undefined;
    if (!models) return;
    await Promise.all([
      ...models.backbone.map((session) => session.release()),
      ...models.heads.map((head) => head.close()),
    ]);
  }

  async #step(frame: Samples): Promise<WakeHit | undefined> {
    if (!this.#models) throw new BarnacleError("HARDWARE_UNAVAILABLE", "openWakeWord is not loaded; call load first");
    const { features, heads } = this.#models;
    this.#position += frame.length;
    if (this.#gate && !this.#gate.push(frame)) {
      this.#held.push(frame.slice());
      if (this.#held.length > features.memorySteps) this.#held.shift();
      return undefined;
    }
    // What the models would have seen is caught up with, so a score never depends on the gate.
    for (const quiet of this.#held.splice(0)) await features.push(quiet);
    await features.push(frame);
    let best = { phrase: "", score: 0, over: false };
    for (const head of heads) {
      const score = await head.score(features);
      const over = score >= this.#threshold(head.phrase);
      // A phrase over its own threshold beats a higher score that stays below a stricter one.
      if (over === best.over ? score > best.score : over) best = { phrase: head.phrase, score, over };
    }
    return this.#hits.push(best.phrase, best.score, best.over, this.#position);
  }

  #threshold(phrase: string): number {
    return this.#options.thresholds?.[phrase] ?? this.#options.threshold ?? DEFAULT_THRESHOLD;
  }
}
