import { BarnacleError } from "@barnacle/protocol/errors";
import type { Samples } from "../audio/format.ts";
import type { Recogniser, Recognition, SpeechGrammar, Utterance } from "./port.ts";

/** What a scripted utterance comes out as: a text, a whole recognition, or a failure. */
export type ScriptedResult = string | Partial<Recognition> | BarnacleError;

const NOTHING: Recognition = { outcome: "no-speech", text: "", confidence: 0, engine: "fake" };

/** A recogniser that gives prepared answers in order, then hears nothing; it remembers what it was fed. */
export class FakeRecogniser implements Recogniser {
  readonly name = "fake";
  readonly grammars: SpeechGrammar[] = [];
  /** Samples of every utterance that was finished. */
  readonly heard: Samples[] = [];
  cancelled = 0;
  readonly #script: ScriptedResult[];

  constructor(script: readonly ScriptedResult[] = []) {
    this.#script = [...script];
  }

  /** Adds answers after those still waiting. */
  script(...results: ScriptedResult[]): void {
    this.#script.push(...results);
  }

  async load(grammar: SpeechGrammar): Promise<void> {
    this.grammars.push(grammar);
  }

  async setGrammar(grammar: SpeechGrammar): Promise<void> {
    if (this.grammars.at(-1)?.hash !== grammar.hash) this.grammars.push(grammar);
  }

  begin(): Utterance {
    const parts: Samples[] = [];
    return {
      feed: (samples) => void parts.push(samples),
      finish: async () => {
        this.heard.push(concatenate(parts));
        return this.#next();
      },
      cancel: () => {
        this.cancelled += 1;
      },
    };
  }

  async close(): Promise<void> {}

  #next(): Recognition {
    const result = this.#script.shift();
    if (result === undefined) return NOTHING;
    if (result instanceof BarnacleError) throw result;
    if (typeof result === "string") return { outcome: "transcript", text: result, confidence: 1, engine: "fake" };
    return { ...NOTHING, ...result };
  }
}

function concatenate(parts: readonly Samples[]): Samples {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
