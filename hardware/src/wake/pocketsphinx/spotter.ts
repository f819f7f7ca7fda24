import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { PocketsphinxLibrary, type Pointer } from "../../speech/pocketsphinx/native.ts";
import { findPocketsphinx } from "../../speech/pocketsphinx/paths.ts";

/** A pocketsphinx decoder in key-phrase mode. Its calls block, so it lives in a process of its own. */
export class Spotter {
  readonly #library: PocketsphinxLibrary;
  readonly #decoder: Pointer;

  private constructor(library: PocketsphinxLibrary, decoder: Pointer) {
    this.#library = library;
    this.#decoder = decoder;
  }

  /** @throws LIBRARY_MISSING, MODEL_MISSING also when a phrase has a word that is not in the dictionary */
  static async open(phrases: readonly string[], threshold: number): Promise<Spotter> {
    const found = await findPocketsphinx();
    // The library itself takes a phrase with an unknown word without a sign, and then never hears it.
    const dictionary = await readFile(found.dictionary, "utf8");
    for (const word of phrases.flatMap((phrase) => phrase.split(" "))) {
      if (dictionary.startsWith(`${word} `) || dictionary.includes(`\n${word} `)) continue;
      throw refusal(`pocketsphinx cannot spell "${word}"; expected a word of ${found.dictionary}`);
    }
    const library = new PocketsphinxLibrary(found.library);
    const dir = await mkdtemp(path.join(tmpdir(), "barnacle-phrases-"));
    try {
      const list = path.join(dir, "phrases");
      await writeFile(list, phrases.map((phrase) => `${phrase} /${threshold}/\n`).join(""));
      const args = ["-hmm", found.model, "-dict", found.dictionary, "-kws", list, "-logfn", "/dev/null"];
      const decoder = library.open(args);
      if (decoder === null || !library.start(decoder)) throw refusal(`pocketsphinx refused ${phrases.join(", ")}`);
      return new Spotter(library, decoder);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  /** The phrase that was heard in these samples, if one was. */
  feed(samples: Int16Array): string | undefined {
    this.#library.feed(this.#decoder, samples);
    const phrase = this.#library.segments(this.#decoder)[0]?.word.trim();
    // A hit stays in the result until the utterance ends.
    if (phrase !== undefined) this.reset();
    return phrase;
  }

  reset(): void {
    this.#library.end(this.#decoder);
    this.#library.start(this.#decoder);
  }
}

function refusal(message: string): BarnacleError {
  return new BarnacleError("MODEL_MISSING", message, { hint: "Choose a phrase of common English words." });
}
