import { BarnacleError } from "@barnacle/protocol/errors";
import { Reframer, SAMPLE_RATE, type Samples } from "../../audio/index.ts";
import { SerialQueue } from "../../audio/serial-queue.ts";
import { openModel } from "../../onnx/index.ts";
import type { WakeEngine, WakeHit } from "../port.ts";
import { EmbeddingModel } from "./embedding.ts";
import { FeatureStream, STEP } from "./features.ts";
import { QuietGate } from "./gate.ts";
import { Head } from "./head.ts";
import { HitTracker } from "./hit.ts";
import { locateOpenWakeWord } from "./models.ts";

interface Closable {
  close(): Promise<void>;
}

/** One frame's best phrase, and whether it reaches its threshold. */
interface Score {
  readonly phrase: string;
  readonly score: number;
  readonly over: boolean;
}

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
/** Frames looked at together while no phrase is in sight: two cost little more than one. */
const FRAMES_AT_ONCE = 2;
/** From this score on a phrase may be under way, and every frame is looked at when it comes. */
const IN_SIGHT = 0.1;

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
  /** Frames to be scored, oldest first. */
  #due: Samples[] = [];
  /** Scores may be about to rise. */
  #inSight = false;
  #models: { features: FeatureStream; heads: readonly Head[]; backbone: readonly Closable[] } | undefined;
  /** Samples that were scored or passed over. */
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
    const opened: Closable[] = [];
    try {
      const mel = await openModel(files.mel);
      opened.push({ close: () => mel.release() });
      const embedding = await EmbeddingModel.open(files.embedding);
      opened.push(embedding);
      const backbone = [...opened];
      const heads: Head[] = [];
      for (const { phrase, file } of files.heads) {
        const head = await Head.open(phrase, file);
        opened.push(head);
        heads.push(head);
      }
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
        hits.push(...(await this.#take(frame)));
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
      this.#due = [];
      this.#inSight = false;
      this.#models?.features.reset();
      this.#position = 0;
    });
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    const models = this.#models;
    this.#models = undefined;
    if (!models) return;
    await Promise.all([...models.backbone, ...models.heads].map((part) => part.close()));
  }

  /** Takes one frame; frames that may hold speech are scored together with those that wait. */
  async #take(frame: Samples): Promise<readonly WakeHit[]> {
    if (!this.#models) throw new BarnacleError("HARDWARE_UNAVAILABLE", "openWakeWord is not loaded; call load first");
    const open = this.#gate?.push(frame) ?? true;
    if (open) this.#due.push(frame.slice());
    const together = this.#inSight ? 1 : Math.min(FRAMES_AT_ONCE, this.#models.features.mostSteps);
    const hits = this.#due.length >= together || !open ? await this.#scoreDue() : [];
    if (!open) this.#rest(frame);
    return hits;
  }

  #rest(frame: Samples): void {
    this.#position += frame.length;
    this.#held.push(frame.slice());
    if (this.#held.length > (this.#models?.features.memorySteps ?? 0)) this.#held.shift();
  }

  async #scoreDue(): Promise<readonly WakeHit[]> {
    const due = this.#due.splice(0);
    if (!this.#models || due.length === 0) return [];
    const { features, heads } = this.#models;
    // What the models would have seen is caught up with, so a score never depends on the gate.
    const quiet = this.#held.splice(0);
    for (let at = 0; at < quiet.length; at += features.mostSteps) {
      await features.push(quiet.slice(at, at + features.mostSteps));
    }
    await features.push(due);
    const hits: WakeHit[] = [];
    for (const [index, frame] of due.entries()) {
      this.#position += frame.length;
      const { phrase, score, over } = await this.#best(heads, features, due.length - 1 - index);
      this.#inSight = over || score >= IN_SIGHT;
      const hit = this.#hits.push(phrase, score, over, this.#position);
      if (hit) hits.push(hit);
    }
    return hits;
  }

  async #best(heads: readonly Head[], features: FeatureStream, ago: number): Promise<Score> {
    let best: Score = { phrase: "", score: 0, over: false };
    for (const head of heads) {
      const score = await head.score(features, ago);
      const over = score >= this.#threshold(head.phrase);
      // A phrase over its own threshold beats a higher score that stays below a stricter one.
      if (over === best.over ? score > best.score : over) best = { phrase: head.phrase, score, over };
    }
    return best;
  }

  #threshold(phrase: string): number {
    return this.#options.thresholds?.[phrase] ?? this.#options.threshold ?? DEFAULT_THRESHOLD;
  }
}
