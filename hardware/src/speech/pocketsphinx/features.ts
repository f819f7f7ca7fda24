import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Text of a model's `feat.params`; "" when it has none and wants the library's own settings. */
export function readFeatures(model: string): string {
  const file = join(model, "feat.params");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** Means are taken here; `-model` is the trainer's word, which the decoder does not know as an argument. */
const OWN_SETTINGS = /^-(cmn.*|model)$/;

/**
 * The model's settings as arguments, without its way of taking means: that is done here. They must be given as
 * arguments, and the library kept from the file, because what it reads there overrules them.
 */
export function featureSettings(features: string): string[] {
  return [
    ...pairs(features)
      .filter(([name]) => !OWN_SETTINGS.test(name))
      .flat(),
    "-featparams",
    "/dev/null",
    "-cmn",
    "none",
  ];
}

/** The mean cepstrum that the model expects before anything was heard; zeros when it does not say. */
export function expectedMean(features: string, coefficients: number): Float64Array {
  const listed = pairs(features).find(([name]) => name === "-cmninit")?.[1] ?? "";
  const values = listed.split(",").map(Number);
  return Float64Array.from({ length: coefficients }, (_, i) => values[i] || 0);
}

function pairs(features: string): [name: string, value: string][] {
  const words = features.split(/\s+/).filter(Boolean);
  return words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1] ?? ""] as [string, string]] : []));
}
