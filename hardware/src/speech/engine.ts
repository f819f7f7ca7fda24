import type { Samples } from "../audio/format.ts";
import type { Recognition, SpeechGrammar } from "./port.ts";

/**
 * A recogniser's native half. Its calls block, and a fault in the native library ends the process: it lives in a child
 * process behind `RemoteRecogniser`.
 */
export interface SpeechEngine {
  /** Replaces the grammar. Never called during an utterance. */
  setGrammar(grammar: SpeechGrammar): void;
  start(): void;
  feed(samples: Samples): void;
  finish(): Recognition;
  /** Ends the utterance without a result. */
  abandon(): void;
  close(): void;
}

/** Everything an engine needs, resolved by the parent: plain data, since it crosses to the child. */
export type EngineSpec =
  | {
      readonly engine: "pocketsphinx";
      readonly library: string;
      readonly model: string;
      readonly dictionary: string;
      readonly wakePhrases: readonly string[];
      readonly threshold: number;
      /** 1: what was rejected in quiet is not heard once more. Default 2. */
      readonly looks?: 1 | 2;
    }
  | {
      readonly engine: "vosk";
      readonly library: string;
      readonly model: string;
      readonly wakePhrases: readonly string[];
      readonly threshold: number;
    };
