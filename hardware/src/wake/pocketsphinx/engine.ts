import { type ChildProcess, fork } from "node:child_process";
import { BarnacleError, fromShape } from "@barnacle/protocol/errors";
import { Reframer, SAMPLE_RATE, type Samples } from "../../audio/index.ts";
import { SerialQueue } from "../../audio/serial-queue.ts";
import type { WakeEngine, WakeHit } from "../port.ts";
import type { FromSpotter, ToSpotter } from "./messages.ts";

export interface PocketsphinxWakeOptions {
  readonly phrases: readonly string[];
  readonly refractoryMs?: number;
}

/** Samples per message to its process: 100 ms. */
const FRAME = 1600;
const DEFAULT_REFRACTORY_MS = 2000;

interface Waiting {
  resolve(phrase: string | undefined): void;
  reject(error: BarnacleError): void;
}

/**
 * Key phrases with pocketsphinx: for boards on which nothing else runs. While somebody speaks it costs a quarter of a core of
 * a large machine. Every hit has score 1.
 */
export class PocketsphinxWake implements WakeEngine {
  readonly name = "pocketsphinx";
  readonly phrases: readonly string[];
  readonly #refractory: number;
  readonly #reframer = new Reframer(FRAME);
  readonly #queue = new SerialQueue();
  #child: ChildProcess | undefined;
  #waiting: Waiting[] = [];
  #position = 0;
  #deafUntil = 0;

  constructor(options: PocketsphinxWakeOptions) {
    this.phrases = options.phrases.map((phrase) => phrase.toLowerCase());
    this.#refractory = ((options.refractoryMs ?? DEFAULT_REFRACTORY_MS) * SAMPLE_RATE) / 1000;
  }

  /** May be called again after the process died. */
  async load(): Promise<void> {
    if (this.#child) return;
    const child = fork(new URL("child.ts", import.meta.url), {
      serialization: "advanced",
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child = child;
    child.on("message", (message: FromSpotter) => {
      const waiting = this.#waiting.shift();
      if (message.kind === "done") waiting?.resolve(message.phrase);
      else waiting?.reject(fromShape(message.error));
    });
    child.on("error", () => this.#gone(child));
    child.on("exit", () => this.#gone(child));
    try {
      await this.#ask({ kind: "open", phrases: this.phrases });
    } catch (error) {
      await this.close();
      throw error;
    }
    this.reset();
  }

  process(samples: Samples): Promise<readonly WakeHit[]> {
    return this.#queue.run(async (stale) => {
      const hits: WakeHit[] = [];
      for (const frame of this.#reframer.push(samples)) {
        if (stale()) return [];
        const phrase = await this.#ask({ kind: "feed", samples: frame });
        this.#position += frame.length;
        if (phrase === undefined || this.#position < this.#deafUntil) continue;
        this.#deafUntil = this.#position + this.#refractory;
        hits.push({ phrase, score: 1, atSample: this.#position });
      }
      return stale() ? [] : hits;
    });
  }

  reset(): void {
    this.#queue.supersede(() => {
      this.#reframer.reset();
      this.#position = 0;
      this.#deafUntil = 0;
      this.#child?.send({ kind: "reset" } satisfies ToSpotter);
    });
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    this.#gone(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await ended;
  }

  #ask(message: ToSpotter): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.#child?.connected) {
        reject(new BarnacleError("HARDWARE_UNAVAILABLE", "pocketsphinx is not running; call load"));
        return;
      }
      this.#waiting.push({ resolve, reject });
      // A send that fails is followed by the child's exit, which rejects.
      this.#child.send(message, () => {});
    });
  }

  #gone(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) {
      reject(new BarnacleError("HARDWARE_UNAVAILABLE", "the pocketsphinx process ended"));
    }
  }
}
