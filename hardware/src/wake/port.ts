import type { Samples } from "../audio/format.ts";
import type { Availability } from "../availability.ts";

export interface WakeHit {
  readonly phrase: string;
  /** 0 to 1; engines without a score give 1. */
  readonly score: number;
  /** Stream position of the end of the frame that completed the detection, in samples since `load` or `reset`. */
  readonly atSample: number;
}

/** Hears one or more phrases in a stream. Takes any frame length; re-frames inside. */
export interface WakeEngine {
  /** `openwakeword`, `porcupine`, `pocketsphinx` or `fake`. */
  readonly name: string;
  /** The phrases it listens for, as people say them: "hey jarvis". */
  readonly phrases: readonly string[];
  /** Opens models; throws the family's errors (MODEL_MISSING, LICENCE_KEY, LIBRARY_MISSING, HARDWARE_UNAVAILABLE). */
  load(): Promise<void>;
  /** Feeds samples and returns what was heard in them. Calls are queued; never interleaved. */
  process(samples: Samples): Promise<readonly WakeHit[]>;
  /** Forgets what was heard so far (after the node's own voice, or between files). */
  reset(): void;
  close(): Promise<void>;
}

/** One model or library that an engine uses, for `doctor`. */
export interface ModelInfo {
  readonly engine: string;
  readonly name: string;
  readonly file: string;
  readonly present: boolean;
  /** SPDX id or upstream's wording. */
  readonly licence: string;
  readonly note?: string;
}

export interface WakeEngineInfo {
  readonly engine: string;
  readonly availability: Availability;
  readonly phrases: readonly string[];
  readonly models: readonly ModelInfo[];
}
