import { createHash } from "node:crypto";
import { compileSentences, type Sentence } from "./compile.ts";
import { writeGrammar } from "./grammar.ts";
import { type IntentMatch, Matcher } from "./matcher.ts";
import { HOME_SENTENCES } from "./sentences/index.ts";
import { type HomeNames, makeVocabulary } from "./vocabulary.ts";

/** What one household can be told: a matcher for text and a grammar for recognisers, from the same sentences. */
export interface HomeLanguage {
  /** SHA-256 hex of `jsgf`. */
  readonly hash: string;
  readonly jsgf: string;
  /** The intent and slots of a text, or undefined when it is none of the household's sentences. */
  match(text: string): IntentMatch | undefined;
}

let compiled: readonly Sentence[] | undefined;

/** Makes the language of a household with these rooms, appliances and phrases. */
export function makeLanguage(home: HomeNames): HomeLanguage {
  compiled ??= compileSentences(HOME_SENTENCES);
  const vocabulary = makeVocabulary(home);
  const matcher = new Matcher(compiled, vocabulary);
  const jsgf = writeGrammar(compiled, vocabulary);
  const hash = createHash("sha256").update(jsgf).digest("hex");
  return { hash, jsgf, match: (text) => matcher.match(text) };
}
