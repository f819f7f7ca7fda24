import { existsSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { findModel, modelDirs } from "../../onnx/index.ts";
import type { ModelInfo } from "../port.ts";

/** Upstream's pre-trained phrases that the model set carries, as people say them. */
export const OPENWAKEWORD_PHRASES = ["hey jarvis", "alexa", "hey mycroft", "hey rhasspy"] as const;

const HEAD_LICENCE = "CC BY-NC-SA 4.0";
const HEAD_NOTE = "pre-trained by openWakeWord; not for commercial use";
const OWN_HEAD_NOTE = "a model of your own; its licence is yours to know";
const BACKBONE_LICENCE = "Apache-2.0";

/** Entries of `openWakeWordModels` that come before the phrases. */
export const BACKBONE_MODELS = 2;

export interface OpenWakeWordFiles {
  readonly mel: string;
  readonly embedding: string;
  readonly heads: readonly { readonly phrase: string; readonly file: string }[];
}

/**
 * Finds the model files for `phrases`. A phrase of one's own works too: train a head, name it after the phrase
 * (`hey_barnacle.onnx`) and put it in the configured directory.
 * @throws MODEL_MISSING naming the phrases there are, or the file or directory that is absent
 */
export function locateOpenWakeWord(phrases: readonly string[], modelDir: string | undefined): OpenWakeWordFiles {
  if (modelDir !== undefined && !existsSync(modelDir)) {
    throw new BarnacleError("MODEL_MISSING", `the configured model directory ${modelDir} does not exist`);
  }
  const dirs = modelDirs(modelDir);
  const need = (name: string): string => {
    const file = findModel(dirs, [name]);
    if (file === undefined) {
      throw new BarnacleError("MODEL_MISSING", `openWakeWord model ${name} is in none of: ${dirs.join(", ")}`);
    }
    return file;
  };
  const heads = phrases.map((phrase) => {
    const file = findModel(dirs, headNames(phrase));
    if (file !== undefined) return { phrase, file };
    const known = OPENWAKEWORD_PHRASES.filter((name) => findModel(dirs, headNames(name)) !== undefined);
    throw new BarnacleError(
      "MODEL_MISSING",
      `openWakeWord has no model for "${phrase}" (looked for ${headNames(phrase).join(" and ")} in ${dirs.join(", ")}); ` +
        `it has: ${known.join(", ") || "none"}`,
      { details: { phrase, known } },
    );
  });
  return { mel: need("melspectrogram.onnx"), embedding: need("embedding_model.onnx"), heads };
}

/** Every model the engine would use for `phrases`, present or not, with its licence. */
export function openWakeWordModels(phrases: readonly string[], modelDir: string | undefined): ModelInfo[] {
  const dirs = modelDirs(modelDir);
  const info = (name: string, files: readonly string[], licence: string, note?: string): ModelInfo => {
    const found = findModel(dirs, files);
    const file = found ?? path.join(dirs[0] ?? "", files[0] ?? name);
    return { engine: "openwakeword", name, file, present: found !== undefined, licence, note };
  };
  const known: readonly string[] = OPENWAKEWORD_PHRASES;
  return [
    info("melspectrogram", ["melspectrogram.onnx"], BACKBONE_LICENCE),
    info("speech embedding", ["embedding_model.onnx"], BACKBONE_LICENCE, "by Google"),
    ...phrases.map((phrase) =>
      known.includes(phrase)
        ? info(phrase, headNames(phrase), HEAD_LICENCE, HEAD_NOTE)
        : info(phrase, headNames(phrase), "unknown", OWN_HEAD_NOTE),
    ),
  ];
}

/** "hey jarvis" → hey_jarvis_v0.1.onnx, hey_jarvis.onnx; anything that could leave the directory is dropped. */
function headNames(phrase: string): string[] {
  const stem = phrase
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_|_$/g, "");
  return [`${stem}_v0.1.onnx`, `${stem}.onnx`];
}
