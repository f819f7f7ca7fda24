import { baseWord, withAccents } from "../../speech/pocketsphinx/pronunciation.ts";
import { WAKE_PRONUNCIATIONS } from "../../speech/pocketsphinx/wake-prefix.ts";

/** Phrases said in more ways than this are listened for in the first ones only: each costs time in every frame. */
const MOST_WAYS = 12;

/** What the library is told to listen for: texts of its dictionary file and of its list of key phrases. */
export interface KeyPhrases {
  readonly dictionary: string;
  readonly list: string;
}

/**
 * Every way of saying each phrase is a key phrase of its own, since the library listens for the first pronunciation of a
 * word only. The dictionary holds the phrases' words alone: the whole one would be 130,000 words in memory.
 *
 * @param threshold likelihood of the phrase against any other sound @param listed pronunciations from a dictionary
 */
export function keyPhrases(
  phrases: readonly string[],
  threshold: number,
  listed: ReadonlyMap<string, readonly string[]>,
): KeyPhrases {
  const entries = new Map<string, readonly string[]>();
  for (const word of phrases.flatMap((phrase) => phrase.split(" "))) {
    const known = [...(WAKE_PRONUNCIATIONS[word] ?? []), ...(listed.get(word) ?? [])];
    entries.set(word, withAccents(word, known));
  }
  const names = (word: string): string[] => (entries.get(word) ?? []).map((_, i) => entryName(word, i));
  const ways = phrases.flatMap((phrase) => combine(phrase.split(" ").map(names)).slice(0, MOST_WAYS));
  const lines = [...entries].flatMap(([word, all]) => all.map((phones, i) => `${entryName(word, i)} ${phones}\n`));
  return { dictionary: lines.join(""), list: ways.map((way) => `${way} /${threshold}/\n`).join("") };
}

/** The phrase that one of its ways belongs to. */
export function phraseOf(way: string): string {
  return way.trim().split(" ").map(baseWord).join(" ");
}

function entryName(word: string, index: number): string {
  return index === 0 ? word : `${word}(${index + 1})`;
}

function combine(words: readonly (readonly string[])[]): string[] {
  return words.reduce<string[]>(
    (heads, options) => heads.flatMap((head) => options.map((option) => `${head} ${option}`.trim())),
    [""],
  );
}
