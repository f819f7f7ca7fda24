import { existsSync } from "node:fs";
import { messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Availability } from "../availability.ts";
import { onnxAvailability } from "../onnx/index.ts";
import { libraryCandidates } from "../speech/pocketsphinx/paths.ts";
import { DEFAULT_PHRASES, type WakeOptions } from "./create.ts";
import {
  BACKBONE_MODELS,
  locateOpenWakeWord,
  OPENWAKEWORD_PHRASES,
  openWakeWordModels,
} from "./openwakeword/models.ts";
import { loadPorcupine, PORCUPINE_PHRASES, type PorcupineLibrary } from "./porcupine/library.ts";
import type { ModelInfo, WakeEngineInfo } from "./port.ts";

/** What `doctor` prints: each engine, whether it would load with these options, its models and their licences. */
export function wakeEngineInfos(options: WakeOptions = {}): WakeEngineInfo[] {
  return [openWakeWordInfo(options), porcupineInfo(options, false), porcupineInfo(options, true), pocketsphinxInfo()];
}

/**
 * The phrases that the configured engine could listen for, without loading it or any other; undefined when it takes
 * any phrase.
 */
export function knownWakePhrases(options: WakeOptions = {}): readonly string[] | undefined {
  const own = options.phrases ?? [];
  switch (options.engine ?? "openwakeword") {
    case "openwakeword":
      return openWakeWordModels([...new Set([...own, ...OPENWAKEWORD_PHRASES])], options.modelDir)
        .slice(BACKBONE_MODELS)
        .filter((model) => model.present)
        .map((model) => model.name);
    case "porcupine":
      return [...new Set([...Object.keys(options.keywordFiles ?? {}), ...PORCUPINE_PHRASES])];
    default:
      return undefined;
  }
}

/** The phrases given apply to the engine that is configured; the others are shown with their own. */
function phrasesFor(engine: "openwakeword" | "porcupine", options: WakeOptions): readonly string[] {
  const configured = (options.engine ?? "openwakeword") === engine ? options.phrases : undefined;
  return configured ?? DEFAULT_PHRASES[engine];
}

function openWakeWordInfo(options: WakeOptions): WakeEngineInfo {
  const phrases = phrasesFor("openwakeword", options);
  const shown = [...new Set([...phrases, ...OPENWAKEWORD_PHRASES])];
  const base = { engine: "openwakeword", phrases: shown, models: openWakeWordModels(shown, options.modelDir) };
  try {
    locateOpenWakeWord(phrases, options.modelDir);
  } catch (error) {
    return { ...base, availability: unavailable(error) };
  }
  return { ...base, availability: onnxAvailability() };
}

function porcupineInfo(options: WakeOptions, keyless: boolean): WakeEngineInfo {
  const engine = keyless ? "porcupine-keyless" : "porcupine";
  let library: PorcupineLibrary;
  try {
    library = loadPorcupine(keyless);
  } catch (error) {
    return { engine, availability: unavailable(error), phrases: [], models: [] };
  }
  const models: ModelInfo[] = phrasesFor("porcupine", options).flatMap((phrase) => {
    const file = options.keywordFiles?.[phrase] ?? library.keywords.get(phrase);
    if (file === undefined) return [];
    const note = keyless ? "1.9.2, for development" : "an access key under the vendor's terms is needed";
    return [{ engine, name: phrase, file, present: true, licence: "Apache-2.0", note }];
  });
  const noKey: Availability = {
    available: false,
    code: "LICENCE_KEY",
    reason: "no access key is configured",
    hint: "Set wake.accessKey; keys come from the vendor's console.",
  };
  const availability = keyless || options.accessKey ? { available: true as const } : noKey;
  return { engine, availability, phrases: [...library.keywords.keys()], models };
}

/** It takes any phrase of dictionary words, so it lists none. */
function pocketsphinxInfo(): WakeEngineInfo {
  const library = libraryCandidates().find((file) => existsSync(file));
  const model = "/usr/share/pocketsphinx/model/en-us";
  const models: ModelInfo[] = [
    { engine: "pocketsphinx", name: "en-us", file: model, present: existsSync(model), licence: "BSD-2-Clause" },
  ];
  const missing = library === undefined ? "libpocketsphinx3" : existsSync(model) ? undefined : "pocketsphinx-en-us";
  const availability: Availability =
    missing === undefined
      ? { available: true, detail: library }
      : {
          available: false,
          code: library === undefined ? "LIBRARY_MISSING" : "MODEL_MISSING",
          reason: `the Debian package ${missing} is not installed`,
          hint: `Install the Debian package ${missing}.`,
        };
  return { engine: "pocketsphinx", availability, phrases: [], models };
}

function unavailable(error: unknown): Availability {
  const { code, hint } = toBarnacleError(error, "HARDWARE_UNAVAILABLE");
  return { available: false, code, reason: messageOf(error), hint };
}
