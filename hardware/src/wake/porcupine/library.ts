import { createRequire } from "node:module";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

/** The keywords that both lines carry, known without loading either. */
export const PORCUPINE_PHRASES = [
  "alexa",
  "americano",
  "blueberry",
  "bumblebee",
  "computer",
  "grapefruit",
  "grasshopper",
  "hey google",
  "hey siri",
  "jarvis",
  "ok google",
  "picovoice",
  "porcupine",
  "terminator",
] as const;

/** The part of Porcupine that both lines share once an instance exists. */
export interface PorcupineHandle {
  readonly frameLength: number;
  /** Index of the keyword that ends in this frame, or -1. */
  process(frame: Int16Array): number;
  release(): void;
}

/** One installed line of Porcupine, reduced to what the adapter needs. */
export interface PorcupineLibrary {
  readonly keyless: boolean;
  /** Built-in phrase → keyword file. */
  readonly keywords: ReadonlyMap<string, string>;
  open(accessKey: string, keywordFiles: readonly string[], sensitivities: readonly number[]): PorcupineHandle;
}

/** What the 4.x package exports, as far as it is used. */
interface CurrentPackage {
  Porcupine: new (accessKey: string, keywords: string[], sensitivities: number[]) => PorcupineHandle;
  BuiltinKeyword: Record<string, string>;
  getBuiltinKeywordPath(keyword: string): string;
}

/** What the 1.9.2 package exports: the class itself, and its keywords in a module beside it. */
type KeylessClass = new (keywords: string[], sensitivities: number[]) => PorcupineHandle;
interface KeylessKeywords {
  BUILTIN_KEYWORDS_STRINGS: Set<string>;
  BUILTIN_KEYWORDS_STRING_TO_ENUM: Map<string, number>;
  getBuiltinKeywordPath(keyword: number): string;
}

const KEYLESS_PACKAGE = "porcupine-keyless";

/**
 * Loads the current line (needs an access key) or, with `keyless`, the 1.9.2 line that needs none and is installed
 * for development only. Both pick their binary by processor and throw on one they do not know.
 * @throws LIBRARY_MISSING
 */
export function loadPorcupine(keyless: boolean): PorcupineLibrary {
  const require = createRequire(import.meta.url);
  try {
    return keyless ? keylessLibrary(require) : currentLibrary(require);
  } catch (cause) {
    const name = keyless ? KEYLESS_PACKAGE : "@picovoice/porcupine-node";
    throw new BarnacleError(
      "LIBRARY_MISSING",
      `${name} does not load on ${process.platform}-${process.arch}: ${messageOf(cause).split("\n")[0]}`,
      { cause },
    );
  }
}

function currentLibrary(require: NodeJS.Require): PorcupineLibrary {
  const { Porcupine, BuiltinKeyword, getBuiltinKeywordPath } = require("@picovoice/porcupine-node") as CurrentPackage;
  const keywords = new Map(Object.values(BuiltinKeyword).map((name) => [name, getBuiltinKeywordPath(name)]));
  return {
    keyless: false,
    keywords,
    open: (accessKey, files, sensitivities) => new Porcupine(accessKey, [...files], [...sensitivities]),
  };
}

function keylessLibrary(require: NodeJS.Require): PorcupineLibrary {
  const Porcupine = require(KEYLESS_PACKAGE) as KeylessClass;
  const folder = path.dirname(require.resolve(KEYLESS_PACKAGE));
  const builtin = require(path.join(folder, "builtin_keywords.js")) as KeylessKeywords;
  const keywords = new Map(
    [...builtin.BUILTIN_KEYWORDS_STRING_TO_ENUM].map(([name, id]) => [name, builtin.getBuiltinKeywordPath(id)]),
  );
  return {
    keyless: true,
    keywords,
    open: (_accessKey, files, sensitivities) => new Porcupine([...files], [...sensitivities]),
  };
}
