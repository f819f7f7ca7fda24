import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

/** A pointer of the native library; opaque. */
export type Pointer = unknown;

/** The functions of libvosk that are used, over koffi. Source: vosk_api.h of vosk 0.3.45. */
export class VoskLibrary {
  readonly #f: ReturnType<typeof bind>;

  /** @param file path of libvosk.so @throws LIBRARY_MISSING */
  constructor(file: string) {
    this.#f = bind(file);
    // Errors only; its own progress report goes to standard error otherwise.
    this.#f.setLogLevel(-1);
  }

  /** Loads a model folder; null when it holds none. */
  openModel(folder: string): Pointer | null {
    return this.#f.modelNew(folder);
  }

  closeModel(model: Pointer): void {
    this.#f.modelFree(model);
  }

  /**
   * @param phrases JSON array of phrases; undefined: any words
   * @returns null when the library refuses them
   */
  openRecogniser(model: Pointer, sampleRate: number, phrases: string | undefined): Pointer | null {
    const recogniser =
      phrases === undefined
        ? this.#f.dictationNew(model, sampleRate)
        : this.#f.recogniserNew(model, sampleRate, phrases);
    if (recogniser !== null) this.#f.setWords(recogniser, 1);
    return recogniser;
  }

  closeRecogniser(recogniser: Pointer): void {
    this.#f.recogniserFree(recogniser);
  }

  /** True when the library saw the end of a phrase, whose text `result` then gives. */
  feed(recogniser: Pointer, samples: Int16Array): boolean {
    return this.#f.accept(recogniser, samples, samples.length) === 1;
  }

  /** JSON of the phrase that just ended. */
  result(recogniser: Pointer): string {
    return this.#f.result(recogniser);
  }

  /** JSON of what is left at the end of the sound. */
  finalResult(recogniser: Pointer): string {
    return this.#f.finalResult(recogniser);
  }

  reset(recogniser: Pointer): void {
    this.#f.reset(recogniser);
  }
}

function bind(file: string) {
  if (!existsSync(file)) throw missing(file, "no such file");
  // koffi is loaded only where a native engine is used.
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  try {
    const lib = koffi.load(file);
    return {
      setLogLevel: lib.func("void vosk_set_log_level(int level)"),
      modelNew: lib.func("void *vosk_model_new(const char *folder)"),
      modelFree: lib.func("void vosk_model_free(void *model)"),
      recogniserNew: lib.func("void *vosk_recognizer_new_grm(void *model, float rate, const char *phrases)"),
      dictationNew: lib.func("void *vosk_recognizer_new(void *model, float rate)"),
      recogniserFree: lib.func("void vosk_recognizer_free(void *recogniser)"),
      setWords: lib.func("void vosk_recognizer_set_words(void *recogniser, int on)"),
      accept: lib.func("int vosk_recognizer_accept_waveform_s(void *recogniser, const int16_t *data, int count)"),
      result: lib.func("const char *vosk_recognizer_result(void *recogniser)"),
      finalResult: lib.func("const char *vosk_recognizer_final_result(void *recogniser)"),
      reset: lib.func("void vosk_recognizer_reset(void *recogniser)"),
    };
  } catch (cause) {
    throw missing(file, messageOf(cause));
  }
}

function missing(file: string, why: string): BarnacleError {
  return new BarnacleError("LIBRARY_MISSING", `libvosk cannot be loaded from ${file}: ${why}`, {
    hint: "Unpack the release for this processor from github.com/alphacep/vosk-api and set the path of libvosk.so.",
    details: { file },
  });
}
