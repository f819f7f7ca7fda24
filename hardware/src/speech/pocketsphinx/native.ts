import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { COEFFICIENTS } from "./mean.ts";

/** Frames that one native call takes or gives at most. */
const SCRATCH_FRAMES = 200;
/** Fewer samples than that many frames, since some wait in the front end from the call before. */
const SCRATCH_SAMPLES = 16_000;

interface Scratch {
  readonly rows: Pointer;
  readonly values: Float32Array;
  readonly sound: Pointer;
  readonly soundValues: Int16Array;
}

/** A pointer of the native library; opaque. */
export type Pointer = unknown;

/** One word (or filler) of the best path. */
export interface Segment {
  readonly word: string;
  /** First and last frame, 10 ms each, counted from the start of the utterance. */
  readonly start: number;
  readonly end: number;
  /** Acoustic score of the segment: at most 0, in the library's log units. */
  readonly score: number;
}

/**
 * The C functions of libpocketsphinx 5prealpha, and of libsphinxbase which comes with it, that are used, over koffi.
 * Source: pocketsphinx.h, ps_search.h and fe.h of Debian's development packages 0.8+5prealpha+1.
 */
export class PocketsphinxLibrary {
  readonly #f: ReturnType<typeof bind>;
  #memory: Scratch | undefined;

  /** @param file path of libpocketsphinx.so.3 @throws LIBRARY_MISSING */
  constructor(file: string) {
    this.#f = bind(file);
  }

  /** Makes a decoder from command-line style arguments; null when the library refuses them. */
  open(args: readonly string[]): Pointer | null {
    const argv = ["pocketsphinx", ...args];
    const config = this.#f.parse(null, this.#f.args(), argv.length, argv, 1);
    if (config === null) return null;
    const decoder = this.#f.init(config);
    // The decoder holds its own reference.
    this.#f.freeConfig(config);
    return decoder;
  }

  close(decoder: Pointer): void {
    this.#f.free(decoder);
  }

  addWord(decoder: Pointer, word: string, phones: string): boolean {
    return this.#f.addWord(decoder, word, phones, 0) >= 0;
  }

  /** Adds or replaces a named grammar; false when it does not parse or has words without a pronunciation. */
  setGrammar(decoder: Pointer, name: string, jsgf: string): boolean {
    return this.#f.setJsgf(decoder, name, jsgf) === 0;
  }

  select(decoder: Pointer, name: string): boolean {
    return this.#f.setSearch(decoder, name) === 0;
  }

  start(decoder: Pointer): boolean {
    return this.#f.startStream(decoder) === 0 && this.#f.startUtterance(decoder) === 0;
  }

  /** Searches on through cepstra: whole frames of 13 coefficients, already normalised. */
  feedCepstra(decoder: Pointer, cepstra: Float32Array): void {
    const { rows, values } = this.#scratch();
    for (let at = 0; at < cepstra.length; at += values.length) {
      const part = cepstra.subarray(at, at + values.length);
      values.set(part);
      this.#f.processCepstra(decoder, rows, part.length / COEFFICIENTS, 0, 0);
    }
  }

  /** Makes what turns sound into cepstra, after the settings of a decoder. */
  openFrontEnd(decoder: Pointer): Pointer | null {
    return this.#f.frontEnd(this.#f.config(decoder));
  }

  closeFrontEnd(frontEnd: Pointer): void {
    this.#f.freeFrontEnd(frontEnd);
  }

  /** Forgets the utterance before, its noise level too. */
  startFrontEnd(frontEnd: Pointer): void {
    this.#f.startSound(frontEnd);
    this.#f.startFrames(frontEnd);
  }

  /** Cepstra of the frames that `samples` complete; the rest waits for more. */
  cepstra(frontEnd: Pointer, samples: Int16Array): Float32Array {
    const { sound, soundValues, rows, values } = this.#scratch();
    const parts: number[] = [];
    for (let at = 0; at < samples.length; at += soundValues.length) {
      const part = samples.subarray(at, at + soundValues.length);
      soundValues.set(part);
      const frames: [number] = [SCRATCH_FRAMES];
      this.#f.frames(frontEnd, [sound], [part.length], rows, frames, [0]);
      for (const value of values.subarray(0, frames[0] * COEFFICIENTS)) parts.push(value);
    }
    return Float32Array.from(parts);
  }

  /** Native memory for one call, made at the first. The library wants cepstra as an array of pointers to rows. */
  #scratch(): Scratch {
    this.#memory ??= this.#f.allocate();
    return this.#memory;
  }

  end(decoder: Pointer): boolean {
    return this.#f.endUtterance(decoder) === 0;
  }

  segments(decoder: Pointer): Segment[] {
    const found: Segment[] = [];
    const start: [number] = [0];
    const end: [number] = [0];
    const score: [number] = [0];
    const unused: [number] = [0];
    for (let seg = this.#f.segIter(decoder); seg !== null; seg = this.#f.segNext(seg)) {
      this.#f.segFrames(seg, start, end);
      this.#f.segProb(seg, score, unused, unused);
      found.push({ word: this.#f.segWord(seg), start: start[0], end: end[0], score: score[0] });
    }
    return found;
  }
}

function bind(file: string) {
  if (!existsSync(file)) throw missing(file, "no such file");
  let lib: import("koffi").LibraryHandle;
  // koffi is loaded only where a native engine is used: the agent's own process stays without it.
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  try {
    lib = koffi.load(file);
  } catch (cause) {
    throw missing(file, messageOf(cause));
  }
  const allocateRows = lib.func("void *__ckd_calloc_2d__(size_t, size_t, size_t, const char *file, int line)");
  return {
    args: lib.func("void *ps_args()"),
    parse: lib.func("void *cmd_ln_parse_r(void *into, void *definitions, int argc, const char **argv, int strict)"),
    freeConfig: lib.func("int cmd_ln_free_r(void *config)"),
    init: lib.func("void *ps_init(void *config)"),
    free: lib.func("int ps_free(void *decoder)"),
    addWord: lib.func("int ps_add_word(void *decoder, const char *word, const char *phones, int update)"),
    setJsgf: lib.func("int ps_set_jsgf_string(void *decoder, const char *name, const char *jsgf)"),
    setSearch: lib.func("int ps_set_search(void *decoder, const char *name)"),
    startStream: lib.func("int ps_start_stream(void *decoder)"),
    startUtterance: lib.func("int ps_start_utt(void *decoder)"),
    processCepstra: lib.func("int ps_process_cep(void *decoder, void *rows, int count, int noSearch, int whole)"),
    config: lib.func("void *ps_get_config(void *decoder)"),
    frontEnd: lib.func("void *fe_init_auto_r(void *config)"),
    freeFrontEnd: lib.func("int fe_free(void *frontEnd)"),
    startSound: lib.func("void fe_start_stream(void *frontEnd)"),
    startFrames: lib.func("int fe_start_utt(void *frontEnd)"),
    frames: lib.func(
      "int fe_process_frames(void *frontEnd, _Inout_ void **sound, _Inout_ size_t *count, void *rows, _Inout_ int *frames, _Out_ int *index)",
    ),
    allocate: (): Scratch => {
      const rows: Pointer = allocateRows(SCRATCH_FRAMES, COEFFICIENTS, 4, "barnacle", 0);
      const sound: Pointer = koffi.alloc("int16_t", SCRATCH_SAMPLES);
      return {
        rows,
        values: new Float32Array(koffi.view(koffi.decode(rows, "void *"), SCRATCH_FRAMES * COEFFICIENTS * 4)),
        sound,
        soundValues: new Int16Array(koffi.view(sound, SCRATCH_SAMPLES * 2)),
      };
    },
    endUtterance: lib.func("int ps_end_utt(void *decoder)"),
    segIter: lib.func("void *ps_seg_iter(void *decoder)"),
    segNext: lib.func("void *ps_seg_next(void *segment)"),
    segWord: lib.func("const char *ps_seg_word(void *segment)"),
    segFrames: lib.func("void ps_seg_frames(void *segment, _Out_ int *start, _Out_ int *end)"),
    segProb: lib.func("int ps_seg_prob(void *segment, _Out_ int *ascr, _Out_ int *lscr, _Out_ int *lback)"),
  };
}

function missing(file: string, why: string): BarnacleError {
  return new BarnacleError("LIBRARY_MISSING", `libpocketsphinx cannot be loaded from ${file}: ${why}`, {
    hint: "Install the Debian package libpocketsphinx3.",
    details: { file, package: "libpocketsphinx3" },
  });
}
