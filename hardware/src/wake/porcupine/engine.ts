import { existsSync } from "node:fs";
import { BarnacleError } from "@barnacle/protocol/errors";
import { Reframer, SAMPLE_RATE, type Samples } from "../../audio/index.ts";
import type { WakeEngine, WakeHit } from "../port.ts";
import { porcupineError } from "./errors.ts";
import { loadPorcupine, type PorcupineHandle, type PorcupineLibrary } from "./library.ts";

export interface PorcupineOptions {
  readonly phrases: readonly string[];
  /** From the vendor's console; never printed. */
  readonly accessKey?: string;
  /** Uses the 1.9.2 line, which needs no key and is installed for development only. */
  readonly keyless?: boolean;
  /** 0 (fewer false alarms) to 1 (fewer misses). */
  readonly sensitivity?: number;
  readonly sensitivities?: Readonly<Record<string, number>>;
  /** Phrases of one's own: phrase → `.ppn` file for this platform. */
  readonly keywordFiles?: Readonly<Record<string, string>>;
  readonly refractoryMs?: number;
}

const DEFAULT_SENSITIVITY = 0.5;
const DEFAULT_REFRACTORY_MS = 2000;

/** Picovoice Porcupine. It answers yes or no per frame, so every hit has score 1. */
export class Porcupine implements WakeEngine {
  readonly name = "porcupine";
  readonly phrases: readonly string[];
  readonly #options: PorcupineOptions;
  readonly #load: (keyless: boolean) => PorcupineLibrary;
  #handle: PorcupineHandle | undefined;
  #reframer = new Reframer(0);
  #position = 0;
  #deafUntil = 0;

  constructor(options: PorcupineOptions, load: (keyless: boolean) => PorcupineLibrary = loadPorcupine) {
    this.#options = options;
    this.#load = load;
    this.phrases = [...options.phrases];
  }

  async load(): Promise<void> {
    if (this.#handle) return;
    const { accessKey, keyless = false } = this.#options;
    if (!keyless && !accessKey) {
      throw new BarnacleError("LICENCE_KEY", "Porcupine needs an access key, and none is configured");
    }
    const library = this.#load(keyless);
    const files = this.phrases.map((phrase) => keywordFile(library, phrase, this.#options.keywordFiles));
    const sensitivities = this.phrases.map(
      (phrase) => this.#options.sensitivities?.[phrase] ?? this.#options.sensitivity ?? DEFAULT_SENSITIVITY,
    );
    try {
      this.#handle = library.open(accessKey ?? "", files, sensitivities);
    } catch (error) {
      throw porcupineError(error, accessKey);
    }
    this.#reframer = new Reframer(this.#handle.frameLength);
    this.reset();
  }

  async process(samples: Samples): Promise<readonly WakeHit[]> {
    const handle = this.#handle;
    if (!handle) throw new BarnacleError("HARDWARE_UNAVAILABLE", "Porcupine is not loaded; call load first");
    const hits: WakeHit[] = [];
    for (const frame of this.#reframer.push(samples)) {
      this.#position += frame.length;
      const phrase = this.phrases[this.#heard(handle, frame)];
      if (phrase === undefined || this.#position < this.#deafUntil) continue;
      this.#deafUntil = this.#position + ((this.#options.refractoryMs ?? DEFAULT_REFRACTORY_MS) * SAMPLE_RATE) / 1000;
      hits.push({ phrase, score: 1, atSample: this.#position });
    }
    return hits;
  }

  reset(): void {
    this.#reframer.reset();
    this.#position = 0;
    this.#deafUntil = 0;
  }

  async close(): Promise<void> {
    this.#handle?.release();
    this.#handle = undefined;
  }

  #heard(handle: PorcupineHandle, frame: Samples): number {
    try {
      return handle.process(frame);
    } catch (error) {
      throw porcupineError(error, this.#options.accessKey);
    }
  }
}

function keywordFile(
  library: PorcupineLibrary,
  phrase: string,
  own: Readonly<Record<string, string>> | undefined,
): string {
  const file = own?.[phrase] ?? library.keywords.get(phrase);
  if (file === undefined) {
    const known = [...Object.keys(own ?? {}), ...library.keywords.keys()];
    throw new BarnacleError("MODEL_MISSING", `Porcupine has no keyword "${phrase}"; it has: ${known.join(", ")}`, {
      details: { phrase, known },
    });
  }
  if (!existsSync(file)) throw new BarnacleError("MODEL_MISSING", `Porcupine keyword file ${file} does not exist`);
  return file;
}
