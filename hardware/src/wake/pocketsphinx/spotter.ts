import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { expectedMean, featureSettings, readFeatures } from "../../speech/pocketsphinx/features.ts";
import { COEFFICIENTS } from "../../speech/pocketsphinx/mean.ts";
import { PocketsphinxLibrary, type Pointer } from "../../speech/pocketsphinx/native.ts";
import { findPocketsphinx } from "../../speech/pocketsphinx/paths.ts";
import { lookUp } from "../../speech/pocketsphinx/pronunciation.ts";
import { WAKE_PRONUNCIATIONS } from "../../speech/pocketsphinx/wake-prefix.ts";
import { StreamMean } from "./mean.ts";
import { keyPhrases, phraseOf } from "./phrases.ts";

/**
 * `-kws_plp` makes other sound dearer: with the library's own 0.1, what it then hears and what it should were not to be
 * told apart. `-beam` keeps a phrase alive that begins badly.
 */
const SEARCH = ["-kws_plp", "1e-5", "-beam", "1e-200"];

/** A pocketsphinx decoder in key-phrase mode. Its calls block, so it lives in a process of its own. */
export class Spotter {
  readonly #library: PocketsphinxLibrary;
  readonly #decoder: Pointer;
  readonly #frontEnd: Pointer;
  readonly #expected: Float64Array;
  #mean: StreamMean;

  private constructor(library: PocketsphinxLibrary, decoder: Pointer, frontEnd: Pointer, expected: Float64Array) {
    this.#library = library;
    this.#decoder = decoder;
    this.#frontEnd = frontEnd;
    this.#expected = expected;
    this.#mean = new StreamMean(expected);
  }

  /** @throws LIBRARY_MISSING, MODEL_MISSING also when a phrase has a word that is not in the dictionary */
  static async open(phrases: readonly string[], threshold: number): Promise<Spotter> {
    const found = await findPocketsphinx();
    const words = new Set(phrases.flatMap((phrase) => phrase.split(" ")));
    const listed = lookUp(await readFile(found.dictionary, "utf8"), words);
    for (const word of words) {
      if (listed.has(word) || Object.hasOwn(WAKE_PRONUNCIATIONS, word)) continue;
      throw refusal(`pocketsphinx cannot spell "${word}"; expected a word of ${found.dictionary}`);
    }
    const library = new PocketsphinxLibrary(found.library);
    const features = readFeatures(found.model);
    const { dictionary, list } = keyPhrases(phrases, threshold, listed);
    const dir = await mkdtemp(path.join(tmpdir(), "barnacle-phrases-"));
    try {
      const [dict, kws] = [path.join(dir, "dictionary"), path.join(dir, "phrases")];
      await writeFile(dict, dictionary);
      await writeFile(kws, list);
      const args = ["-hmm", found.model, ...featureSettings(features), "-remove_silence", "no", "-logfn", "/dev/null"];
      const decoder = library.open([...args, "-dict", dict, "-kws", kws, ...SEARCH]);
      const frontEnd = decoder === null ? null : library.openFrontEnd(decoder);
      if (frontEnd === null || !library.start(decoder)) throw refusal(`pocketsphinx refused ${phrases.join(", ")}`);
      library.startFrontEnd(frontEnd);
      return new Spotter(library, decoder, frontEnd, expectedMean(features, COEFFICIENTS));
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  /** The phrase that was heard in these samples, if one was. */
  feed(samples: Int16Array): string | undefined {
    this.#library.feedCepstra(this.#decoder, this.#mean.add(this.#library.cepstra(this.#frontEnd, samples)));
    const way = this.#library.segments(this.#decoder)[0]?.word;
    if (way === undefined) return undefined;
    // A hit stays in the result until the utterance ends.
    this.#restart();
    return phraseOf(way);
  }

  /** Begins with a new stream: nothing of the one before is left. */
  reset(): void {
    this.#restart();
    this.#library.startFrontEnd(this.#frontEnd);
    this.#mean = new StreamMean(this.#expected);
  }

  #restart(): void {
    this.#library.end(this.#decoder);
    this.#library.start(this.#decoder);
  }
}

function refusal(message: string): BarnacleError {
  return new BarnacleError("MODEL_MISSING", message, { hint: "Choose a phrase of common English words." });
}
