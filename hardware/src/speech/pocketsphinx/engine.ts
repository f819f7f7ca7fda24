import { readFileSync } from "node:fs";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Samples } from "../../audio/format.ts";
import { LevelMeter } from "../activity.ts";
import type { EngineSpec, SpeechEngine } from "../engine.ts";
import { parseJsgf, withoutComments } from "../grammar/jsgf.ts";
import { SentenceNetwork } from "../grammar/network.ts";
import { grammarWords } from "../grammar/sentences.ts";
import type { Recognition, SpeechGrammar } from "../port.ts";
import { featureSettings, readFeatures } from "./features.ts";
import { confidenceOf, type Evidence, neededMargin, scoreBetween, textOf, weigh, wordsOf } from "./judge.ts";
import { CepstralMean, COEFFICIENTS } from "./mean.ts";
import { PocketsphinxLibrary, type Pointer, type Segment } from "./native.ts";
import { lookUp, withAccents } from "./pronunciation.ts";
import { rivalsOf } from "./rivals.ts";
import { guessPronunciation } from "./spelling.ts";
import { PHONE_WORDS, type PrefixWord, prefixWords, WAKE_PRONUNCIATIONS, withPrefix } from "./wake-prefix.ts";

type Spec = Extract<EngineSpec, { engine: "pocketsphinx" }>;
type Library = Pick<
  PocketsphinxLibrary,
  | "open"
  | "close"
  | "addWord"
  | "setGrammar"
  | "select"
  | "start"
  | "feedCepstra"
  | "end"
  | "segments"
  | "openFrontEnd"
  | "closeFrontEnd"
  | "startFrontEnd"
  | "cepstra"
>;

/**
 * Filters of the second front end, twice as wide as the model's: they do not resolve the harmonics of high and buzzing
 * voices, which the model takes for formants. In noise they hear worse.
 */
const WIDE_FILTERS = ["-doublebw", "yes"];
/**
 * How sure the second look must be, and of the sentence that the first came nearest to: every other sound has two chances as
 * well. Set after clips of the judging half that reached 0.65.
 */
const SECOND_LOOK = 0.67;
/** Options of both decoders. With all senones computed, scores of the two are on one scale and can be compared. */
const COMMON = ["-logfn", "/dev/null", "-bestpath", "no", "-compallsen", "yes", "-remove_silence", "no"];
/** Wider than the library's own: with those, accents it was not trained on lost one sentence in ten. */
const SENTENCE_BEAMS = ["-beam", "1e-80", "-wbeam", "1e-60", "-pbeam", "1e-80"];
const LOOP_BEAMS = ["-beam", "1e-40", "-wbeam", "1e-30", "-pbeam", "1e-40"];

/** @throws LIBRARY_MISSING, MODEL_INVALID */
export function openPocketsphinx(spec: Spec): SpeechEngine {
  const dictionary = () => readFileSync(spec.dictionary, "utf8");
  return new PocketsphinxEngine(spec, new PocketsphinxLibrary(spec.library), dictionary, readFeatures(spec.model));
}

/** Frames (10 ms each) before and after a sentence that its rivals may use as well: "unlock" is longer than "lock". */
const RIVAL_FRAMES = 25;

/**
 * Two decoders hear every utterance: one knows the household's sentences, the other only phones. The first gives the
 * sentence, the two together say whether it is what was spoken. In noise the sentence's nearest rivals are then tried on the
 * same sound: what beats them by little is as likely one of them. In quiet, what was rejected is heard once more through
 * wider filters.
 */
export class PocketsphinxEngine implements SpeechEngine {
  readonly #spec: Spec;
  readonly #library: Library;
  readonly #dictionary: () => string;
  readonly #sentences: Pointer;
  readonly #loop: Pointer;
  readonly #frontEnd: Pointer;
  readonly #wideFrontEnd: Pointer;
  /** Pronunciations known to the sentence decoder, by word; the library cannot forget any. */
  readonly #known = new Map<string, Set<string>>();
  #network: SentenceNetwork | undefined;
  #prefix: readonly PrefixWord[] = [];
  /** What was decoded of the running utterance. */
  #heard: Float32Array[] = [];
  #meter = new LevelMeter();
  #mean = new CepstralMean();
  #wide: Float32Array[] = [];
  #wideMean = new CepstralMean();

  /** @param dictionary text of the dictionary, read when a grammar is set @param features the model's `feat.params` */
  constructor(spec: Spec, library: Library, dictionary: () => string, features = "") {
    this.#spec = spec;
    this.#library = library;
    this.#dictionary = dictionary;
    const settings = [...featureSettings(features), ...COMMON];
    this.#sentences = this.#open([...settings, ...SENTENCE_BEAMS]);
    // Both decoders are given cepstra, and a front end its settings by a decoder.
    this.#loop = this.#open([...settings, ...WIDE_FILTERS, ...LOOP_BEAMS]);
    this.#frontEnd = library.openFrontEnd(this.#sentences);
    this.#wideFrontEnd = library.openFrontEnd(this.#loop);
    if (this.#frontEnd === null || this.#wideFrontEnd === null)
      throw this.#modelInvalid("pocketsphinx refuses its feat.params");
    for (const { word, phones } of PHONE_WORDS) {
      library.addWord(this.#loop, word, phones);
      library.addWord(this.#sentences, word, phones);
    }
    const loop = `#JSGF V1.0; grammar loop; public <loop> = (${PHONE_WORDS.map(({ word }) => word).join(" | ")})+;\n`;
    if (!library.setGrammar(this.#loop, "turn", loop) || !library.select(this.#loop, "turn")) {
      throw this.#modelInvalid("it lacks phones of American English");
    }
  }

  setGrammar(grammar: SpeechGrammar): void {
    const parsed = parseJsgf(grammar.jsgf);
    const words = grammarWords(parsed);
    const wakeWords = this.#spec.wakePhrases.flatMap((phrase) => phrase.toLowerCase().split(/\s+/));
    const dictionary = lookUp(this.#dictionary(), new Set([...words, ...wakeWords]));
    const pronounce = (word: string): readonly string[] => [
      ...(Object.hasOwn(grammar.pronunciations, word) ? [grammar.pronunciations[word] ?? ""] : []),
      ...(dictionary.get(word) ?? []),
    ];
    for (const word of words) {
      const listed = pronounce(word);
      this.#teach(word, withAccents(word, listed.length > 0 ? listed : [guessPronunciation(word)]));
    }
    const prefix = prefixWords(this.#spec.wakePhrases, (word) => {
      const listed = [...(WAKE_PRONUNCIATIONS[word] ?? []), ...(dictionary.get(word) ?? [])];
      return listed.length > 0 ? listed : [guessPronunciation(word)];
    });
    for (const { word, phones } of prefix) this.#teach(word, [phones]);
    const jsgf = withPrefix(withoutComments(grammar.jsgf), parsed.start, prefix);
    // `select` also makes the decoder let go of the grammar that was replaced.
    if (!this.#library.setGrammar(this.#sentences, "turn", jsgf) || !this.#library.select(this.#sentences, "turn")) {
      throw new BarnacleError("INPUT_INVALID", "pocketsphinx refuses the speech grammar");
    }
    this.#network = new SentenceNetwork(parsed);
    this.#prefix = prefix;
  }

  start(): void {
    this.#meter = new LevelMeter();
    this.#mean = new CepstralMean();
    this.#heard = [];
    this.#wideMean = new CepstralMean();
    this.#wide = [];
    this.#library.startFrontEnd(this.#frontEnd);
    this.#library.startFrontEnd(this.#wideFrontEnd);
    this.#startDecoders();
  }

  feed(samples: Samples): void {
    this.#meter.add(samples);
    this.#decode(this.#mean.add(this.#library.cepstra(this.#frontEnd, samples)));
    this.#wide.push(this.#wideMean.add(this.#library.cepstra(this.#wideFrontEnd, samples)));
  }

  finish(): Recognition {
    this.#decode(this.#mean.flush());
    this.abandon();
    const first = this.#judge();
    if (this.#spec.looks === 1) return first;
    if (first.outcome !== "rejected" || (first.evidence && neededMargin(first.evidence) > 0)) return first;
    this.#heard = [];
    this.#startDecoders();
    this.#decode(joined([...this.#wide, this.#wideMean.flush()]));
    this.abandon();
    const second = this.#judge();
    const agreed = second.outcome === "transcript" && second.text === first.nearest;
    const believed = agreed && second.confidence >= SECOND_LOOK;
    return believed && second.evidence && neededMargin(second.evidence) === 0 ? second : first;
  }

  abandon(): void {
    this.#library.end(this.#sentences);
    this.#library.end(this.#loop);
  }

  close(): void {
    this.#library.closeFrontEnd(this.#frontEnd);
    this.#library.closeFrontEnd(this.#wideFrontEnd);
    this.#library.close(this.#sentences);
    this.#library.close(this.#loop);
  }

  /** What the two decoders made of the sound that they were given last. */
  #judge(): Recognition & { readonly evidence?: Omit<Evidence, "text"> } {
    const path = this.#library.segments(this.#sentences);
    const loop = this.#library.segments(this.#loop);
    const evidence = weigh(path, loop, (frame) => this.#meter.levelAt(frame), this.#meter.background());
    const engine = "pocketsphinx";
    if (evidence && this.#isSentence(evidence.text)) {
      const alone = confidenceOf(evidence);
      const doubtful = alone >= this.#spec.threshold && neededMargin(evidence) > 0;
      const margin = doubtful ? this.#marginOf(path) : undefined;
      const confidence = margin === undefined ? alone : confidenceOf(evidence, margin);
      const { text, ...rest } = evidence;
      const seen = margin === undefined ? rest : { ...rest, margin };
      if (confidence >= this.#spec.threshold)
        return { outcome: "transcript", text, confidence, engine, evidence: seen };
      if (this.#meter.heardSpeech()) {
        return { outcome: "rejected", text: "", confidence, nearest: text, engine, evidence: seen };
      }
    }
    return { outcome: this.#meter.heardSpeech() ? "rejected" : "no-speech", text: "", confidence: 0, engine };
  }

  #startDecoders(): void {
    for (const decoder of [this.#sentences, this.#loop]) {
      if (!this.#library.start(decoder))
        throw new BarnacleError("INTERNAL", "pocketsphinx does not start an utterance");
    }
  }

  #isSentence(text: string): boolean {
    return this.#network?.ends(this.#network.start, text.split(" ")) === true;
  }

  /** By how much score the sentence beats its nearest rival; undefined when it has none that fits at all. */
  #marginOf(path: readonly Segment[]): number | undefined {
    const words = wordsOf(path);
    const phones = (word: string): string[] => [...(this.#known.get(word) ?? [])][0]?.split(" ") ?? [];
    const rivals = this.#network && rivalsOf(this.#network, textOf(words).split(" "), phones);
    if (rivals === undefined) return undefined;
    const cepstra = joined(this.#heard);
    const last = cepstra.length / COEFFICIENTS - 1;
    const from = Math.max(0, (words[0]?.start ?? 0) - RIVAL_FRAMES);
    const to = Math.min(last, (words.at(-1)?.end ?? last) + RIVAL_FRAMES);
    const sound = cepstra.subarray(from * COEFFICIENTS, (to + 1) * COEFFICIENTS);
    const rival = this.#decodeRivals(withPrefix(rivals, "<s>", this.#prefix), sound);
    // A path that broke off is no sentence, and its score says nothing.
    if (!this.#isSentence(textOf(wordsOf(rival)))) return undefined;
    return scoreBetween(path, from, to) - scoreBetween(rival, 0, to - from);
  }

  /** Decodes again with another grammar, which the sentence decoder forgets afterwards. */
  #decodeRivals(jsgf: string, cepstra: Float32Array): Segment[] {
    const library = this.#library;
    try {
      if (!library.setGrammar(this.#sentences, "rivals", jsgf) || !library.select(this.#sentences, "rivals")) return [];
      if (!library.start(this.#sentences)) return [];
      library.feedCepstra(this.#sentences, cepstra);
      library.end(this.#sentences);
      return library.segments(this.#sentences);
    } finally {
      library.select(this.#sentences, "turn");
    }
  }

  #decode(cepstra: Float32Array): void {
    this.#heard.push(cepstra);
    this.#library.feedCepstra(this.#sentences, cepstra);
    this.#library.feedCepstra(this.#loop, cepstra);
  }

  #open(settings: readonly string[]): Pointer {
    const decoder = this.#library.open(["-hmm", this.#spec.model, ...settings]);
    if (decoder === null) throw this.#modelInvalid("pocketsphinx refuses it");
    return decoder;
  }

  /** Gives the decoder pronunciations of a word; the second and later are written word(2), word(3), … */
  #teach(word: string, pronunciations: readonly string[]): void {
    const known = this.#known.get(word) ?? new Set();
    this.#known.set(word, known);
    for (const phones of pronunciations) {
      if (known.has(phones)) continue;
      const entry = known.size === 0 ? word : `${word}(${known.size + 1})`;
      if (!this.#library.addWord(this.#sentences, entry, phones)) {
        throw new BarnacleError(
          "INPUT_INVALID",
          `"${phones}" is no pronunciation of "${word}": expected ARPAbet phones`,
        );
      }
      known.add(phones);
    }
  }

  #modelInvalid(why: string): BarnacleError {
    return new BarnacleError("MODEL_INVALID", `the acoustic model ${this.#spec.model} cannot be used: ${why}`);
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
