import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { type Clock, type Log, silentLog, systemClock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import type { EngineSpec } from "./engine.ts";
import { FakeRecogniser } from "./fake.ts";
import { DEFAULT_WAKE_PHRASES } from "./grammar/wake.ts";
import { type EngineChild, forkEngine } from "./host/process.ts";
import { RemoteRecogniser } from "./host/remote-recogniser.ts";
import { findPocketsphinx } from "./pocketsphinx/paths.ts";
import type { Recogniser, RecogniserInfo } from "./port.ts";
import { findVosk, hasAcousticModel } from "./vosk/paths.ts";

export const RECOGNISERS = ["pocketsphinx", "vosk", "fake"] as const;

/** Sentences surer than this are taken. */
export const DEFAULT_THRESHOLD = 0.5;

export interface RecogniserPaths {
  /** The native library's file. */
  readonly library?: string;
  /** The model's folder. */
  readonly model?: string;
}

export interface RecogniserOptions extends RecogniserPaths {
  /** Phrases that may precede the sentence in the audio; they are not part of the text. */
  readonly wakePhrases?: readonly string[];
  /** 0 to 1: the confidence below which a sentence is rejected. */
  readonly threshold?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  /** How the engine's process is started. */
  readonly fork?: () => EngineChild;
}

/** Makes a recogniser by name; nothing is opened before `load`. @throws ENGINE_UNKNOWN listing the names */
export function createRecogniser(name: string, options: RecogniserOptions = {}): Recogniser {
  const wakePhrases = options.wakePhrases ?? DEFAULT_WAKE_PHRASES;
  const threshold = options.threshold ?? DEFAULT_THRESHOLD;
  const remote = (resolve: () => Promise<EngineSpec>): Recogniser =>
    new RemoteRecogniser({
      name,
      resolve,
      fork: options.fork ?? forkEngine,
      clock: options.clock ?? systemClock,
      log: options.log ?? silentLog,
    });
  switch (name) {
    case "pocketsphinx":
      return remote(async () => ({ engine: name, ...(await findPocketsphinx(options)), wakePhrases, threshold }));
    case "vosk":
      return remote(async () => ({ engine: name, ...(await findVosk(options)), wakePhrases, threshold }));
    case "fake":
      return new FakeRecogniser();
    default:
      throw new BarnacleError(
        "ENGINE_UNKNOWN",
        `no recogniser is called "${name}"; there are ${RECOGNISERS.join(", ")}`,
      );
  }
}

/** What could recognise speech here, for `doctor`. Looks for files only; opens nothing. */
export async function recogniserInfos(
  options: { readonly pocketsphinx?: RecogniserPaths; readonly vosk?: RecogniserPaths } = {},
): Promise<RecogniserInfo[]> {
  return [await pocketsphinxInfo(options.pocketsphinx), await voskInfo(options.vosk)];
}

async function pocketsphinxInfo(paths: RecogniserPaths | undefined): Promise<RecogniserInfo> {
  const found = await attempt(() => findPocketsphinx(paths));
  return {
    engine: "pocketsphinx",
    availability: found.availability,
    models: [
      {
        name: "en-us",
        file: found.value?.model ?? "(Debian package pocketsphinx-en-us)",
        present: found.value !== undefined,
        licence: "BSD-2-Clause",
      },
    ],
  };
}

async function voskInfo(paths: RecogniserPaths | undefined): Promise<RecogniserInfo> {
  const found = await attempt(() => findVosk(paths));
  const model = found.value?.model;
  const usable = model !== undefined && (await hasAcousticModel(model));
  const availability: Availability =
    found.value && !usable
      ? { available: false, code: "MODEL_INVALID", reason: `${model} holds no Vosk model (am/final.mdl)` }
      : found.availability;
  return {
    engine: "vosk",
    availability,
    models: [
      {
        name: "vosk-model-small-en-us-0.15 or another",
        file: model ?? paths?.model ?? "(not set)",
        present: usable,
        licence: "Apache-2.0",
        note: "each Vosk model has its own licence; the small English one is Apache-2.0",
      },
    ],
  };
}

async function attempt<T>(find: () => Promise<T>): Promise<{ value?: T; availability: Availability }> {
  try {
    return { value: await find(), availability: { available: true } };
  } catch (thrown) {
    const error = toBarnacleError(thrown);
    return { availability: { available: false, code: error.code, reason: error.message, hint: error.hint } };
  }
}
