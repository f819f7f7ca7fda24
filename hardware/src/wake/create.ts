import { BarnacleError } from "@barnacle/protocol/errors";
import { FakeWake } from "./fake.ts";
import { OpenWakeWord } from "./openwakeword/engine.ts";
import { PocketsphinxWake } from "./pocketsphinx/engine.ts";
import { Porcupine } from "./porcupine/engine.ts";
import type { WakeEngine } from "./port.ts";

export const WAKE_ENGINES = ["openwakeword", "porcupine", "pocketsphinx", "fake"] as const;
export type WakeEngineName = (typeof WAKE_ENGINES)[number];

export interface WakeOptions {
  readonly engine?: WakeEngineName;
  readonly phrases?: readonly string[];
  /** openWakeWord: searched before the models that are installed with Barnacle. */
  readonly modelDir?: string;
  /** openWakeWord: score from which a phrase counts as heard, 0 to 1. */
  readonly threshold?: number;
  readonly thresholds?: Readonly<Record<string, number>>;
  /** Porcupine: secret; never printed. */
  readonly accessKey?: string;
  /** Porcupine: the 1.9.2 line, for development. */
  readonly keyless?: boolean;
  /** Porcupine: 0 to 1. */
  readonly sensitivity?: number;
  /** Porcupine: phrases of one's own, phrase → `.ppn` file. */
  readonly keywordFiles?: Readonly<Record<string, string>>;
  /** How long after a hit the engine is deaf. */
  readonly refractoryMs?: number;
}

/** What is listened for when nothing is configured. */
export const DEFAULT_PHRASES: Readonly<Record<WakeEngineName, readonly string[]>> = {
  openwakeword: ["hey jarvis"],
  porcupine: ["jarvis"],
  pocketsphinx: ["hey jarvis"],
  fake: ["hey jarvis"],
};

/** Makes an engine; nothing is opened before its `load`. @throws ENGINE_UNKNOWN, CONFIG_INVALID */
export function createWakeEngine(options: WakeOptions = {}): WakeEngine {
  const engine = options.engine ?? "openwakeword";
  const phrases = options.phrases ?? DEFAULT_PHRASES[engine];
  if (phrases?.length === 0)
    throw new BarnacleError("CONFIG_INVALID", "no wake phrase is given; expected at least one");
  switch (engine) {
    case "openwakeword":
      return new OpenWakeWord({ ...options, phrases });
    case "porcupine":
      return new Porcupine({ ...options, phrases });
    case "pocketsphinx":
      return new PocketsphinxWake({ ...options, phrases });
    case "fake":
      return new FakeWake(phrases);
    default:
      throw new BarnacleError("ENGINE_UNKNOWN", `wake engine "${engine}"; one of: ${WAKE_ENGINES.join(", ")}`);
  }
}
