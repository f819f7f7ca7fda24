import { openPocketsphinx } from "../../speech/pocketsphinx/engine.ts";
import { findPocketsphinx } from "../../speech/pocketsphinx/paths.ts";
import { WAKE_PRONUNCIATIONS } from "../../speech/pocketsphinx/wake-prefix.ts";

/**
 * Of 0 to 1. Of the bundled clips and `test/load/wake-eval.ts`' tuning half, what was a phrase reached 0.3 and more, "hey
 * james" and everything else 0.11 at most.
 */
const SURE = 0.2;

type Engine = ReturnType<typeof openPocketsphinx>;

/**
 * Decides whether a second of sound is one of the phrases: one decoder knows nothing else, another only phones, and the
 * sound has to fit the first nearly as well. Slow, but it tells "hey james" from "hey jarvis" in any accent.
 */
export class PhraseJudge {
  readonly #engine: Engine;

  private constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @throws LIBRARY_MISSING, MODEL_MISSING, MODEL_INVALID */
  static async open(phrases: readonly string[]): Promise<PhraseJudge> {
    const found = await findPocketsphinx();
    const engine = openPocketsphinx({
      ...{ engine: "pocketsphinx", ...found, wakePhrases: [], threshold: SURE },
      looks: 1,
    });
    const own = Object.entries(WAKE_PRONUNCIATIONS).map(([word, all]) => [word, all[0] ?? ""]);
    const jsgf = `#JSGF V1.0;\ngrammar wake;\npublic <wake> = ${phrases.join(" | ")};\n`;
    engine.setGrammar({ hash: "wake", jsgf, pronunciations: Object.fromEntries(own) });
    return new PhraseJudge(engine);
  }

  /** The phrase that this is, if it is one. */
  hear(samples: Int16Array): string | undefined {
    this.#engine.start();
    this.#engine.feed(samples);
    const { outcome, text } = this.#engine.finish();
    return outcome === "transcript" ? text : undefined;
  }
}
