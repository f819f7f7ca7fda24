import type { Samples } from "../audio/format.ts";
import type { Availability } from "../availability.ts";

/** A household's sentences, for engines that work from a grammar. */
export interface SpeechGrammar {
  readonly hash: string;
  /** JSGF text, one public rule, lower case, no punctuation. */
  readonly jsgf: string;
  /** ARPAbet pronunciations of words outside the engine's dictionary. */
  readonly pronunciations: Readonly<Record<string, string>>;
  /** Any words at all are wanted instead of the sentences; only for engines that can take dictation. */
  readonly open?: boolean | undefined;
}

export interface Recognition {
  /** `rejected`: speech was heard, but it is none of the grammar's sentences. */
  readonly outcome: "transcript" | "rejected" | "no-speech";
  /** Lower case words separated by single spaces; "" unless the outcome is `transcript`. */
  readonly text: string;
  /** 0 to 1; for a rejection the confidence of the nearest sentence. */
  readonly confidence: number;
  /** The nearest sentence of a rejection, for logs. */
  readonly nearest?: string;
  readonly engine: string;
  /** What an engine made its confidence of, in its own terms; for tuning it. */
  readonly evidence?: Readonly<Record<string, number>>;
}

/** One utterance being recognised while it is spoken. */
export interface Utterance {
  /** Feeds samples; returns at once (decoding happens elsewhere). */
  feed(samples: Samples): void;
  finish(): Promise<Recognition>;
  cancel(): void;
}

/** Turns utterances into text. Decoding never blocks the caller's event loop. */
export interface Recogniser {
  /** `pocketsphinx`, `vosk` or `fake`. */
  readonly name: string;
  /** Throws LIBRARY_MISSING, MODEL_MISSING, MODEL_INVALID. */
  load(grammar: SpeechGrammar): Promise<void>;
  /** Takes effect for the next utterance; the same hash costs nothing. */
  setGrammar(grammar: SpeechGrammar): Promise<void>;
  begin(): Utterance;
  close(): Promise<void>;
}

export interface RecogniserInfo {
  readonly engine: string;
  readonly availability: Availability;
  readonly models: readonly { name: string; file: string; present: boolean; licence: string; note?: string }[];
}
