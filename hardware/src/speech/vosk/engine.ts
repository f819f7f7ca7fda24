import { BarnacleError } from "@barnacle/protocol/errors";
import { SAMPLE_RATE, type Samples } from "../../audio/format.ts";
import { LevelMeter } from "../activity.ts";
import type { EngineSpec, SpeechEngine } from "../engine.ts";
import { type Jsgf, parseJsgf } from "../grammar/jsgf.ts";
import { expand, grammarWords, isSentence } from "../grammar/sentences.ts";
import { stripWake } from "../grammar/wake.ts";
import type { Recognition, SpeechGrammar } from "../port.ts";
import { type Pointer, VoskLibrary } from "./native.ts";

type Spec = Extract<EngineSpec, { engine: "vosk" }>;
type Library = Pick<
  VoskLibrary,
  "openModel" | "closeModel" | "openRecogniser" | "closeRecogniser" | "feed" | "result" | "finalResult" | "reset"
>;

/** The library's word for speech outside its phrases. */
const UNKNOWN = "[unk]";
/** Above this many sentences the library is given the words alone. */
const MOST_PHRASES = 3000;

interface Heard {
  readonly text?: string;
  readonly result?: readonly { readonly word: string; readonly conf: number }[];
}

/** @throws LIBRARY_MISSING, MODEL_INVALID */
export function openVosk(spec: Spec): SpeechEngine {
  return new VoskEngine(spec, new VoskLibrary(spec.library));
}

/** Vosk limited to the household's sentences; other speech comes out as unknown words and is rejected. */
export class VoskEngine implements SpeechEngine {
  readonly #spec: Spec;
  readonly #library: Library;
  readonly #model: Pointer;
  #grammar: Jsgf | undefined;
  #recogniser: Pointer | undefined;
  #words: { word: string; conf: number }[] = [];
  #meter = new LevelMeter();

  constructor(spec: Spec, library: Library) {
    this.#spec = spec;
    this.#library = library;
    this.#model = library.openModel(spec.model);
    if (this.#model === null) {
      throw new BarnacleError("MODEL_INVALID", `Vosk cannot use the model in ${spec.model}`, {
        hint: "The folder must be an unpacked Vosk model (with am/, conf/, graph/) that fits the library's version.",
      });
    }
  }

  setGrammar(grammar: SpeechGrammar): void {
    const parsed = grammar.open ? undefined : parseJsgf(grammar.jsgf);
    const phrases = parsed && JSON.stringify(this.#phrasesOf(parsed));
    const recogniser = this.#library.openRecogniser(this.#model, SAMPLE_RATE, phrases);
    if (recogniser === null) throw new BarnacleError("INPUT_INVALID", "Vosk refuses the speech grammar");
    if (this.#recogniser !== undefined) this.#library.closeRecogniser(this.#recogniser);
    this.#recogniser = recogniser;
    this.#grammar = parsed;
  }

  #phrasesOf(parsed: Jsgf): string[] {
    const sentences = expand(parsed, MOST_PHRASES) ?? [...grammarWords(parsed)];
    return [...new Set([...sentences, ...this.#spec.wakePhrases.map((phrase) => phrase.toLowerCase()), UNKNOWN])];
  }

  start(): void {
    this.#library.reset(this.#recogniser);
    this.#words = [];
    this.#meter = new LevelMeter();
  }

  feed(samples: Samples): void {
    this.#meter.add(samples);
    if (this.#library.feed(this.#recogniser, samples)) this.#collect(this.#library.result(this.#recogniser));
  }

  finish(): Recognition {
    this.#collect(this.#library.finalResult(this.#recogniser));
    const engine = "vosk";
    const heard = this.#words.map(({ word }) => word).join(" ");
    const text = stripWake(heard, this.#spec.wakePhrases);
    if (text === "" || heard === UNKNOWN) {
      return { outcome: this.#meter.heardSpeech() ? "rejected" : "no-speech", text: "", confidence: 0, engine };
    }
    const count = text.split(" ").length;
    const confidence = this.#words.slice(-count).reduce((sum, { conf }) => sum + conf, 0) / count;
    const whole = this.#grammar === undefined || isSentence(this.#grammar, text);
    if (whole && confidence >= this.#spec.threshold) return { outcome: "transcript", text, confidence, engine };
    return { outcome: "rejected", text: "", confidence: whole ? confidence : 0, nearest: text, engine };
  }

  abandon(): void {
    this.#library.reset(this.#recogniser);
  }

  close(): void {
    if (this.#recogniser !== undefined) this.#library.closeRecogniser(this.#recogniser);
    this.#library.closeModel(this.#model);
  }

  #collect(json: string): void {
    const heard = JSON.parse(json) as Heard;
    const words =
      heard.result ??
      (heard.text ?? "")
        .split(" ")
        .filter(Boolean)
        .map((word) => ({ word, conf: 1 }));
    this.#words.push(...words);
  }
}
