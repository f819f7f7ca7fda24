import { alternatives } from "../grammar/alternatives.ts";
import type { SentenceNetwork } from "../grammar/network.ts";
import { soundDistance } from "./distance.ts";

/** Rivals that are tried: the second decoding has to fit into the pause before the answer. */
const MOST_RIVALS = 40;

/**
 * The sentences for which `words` could most easily be mistaken, as JSGF with a public rule `<s>`: those of the grammar
 * that differ in one place only, where they sound most alike. Undefined when there are none.
 *
 * @param phones one pronunciation of a word
 */
export function rivalsOf(
  network: SentenceNetwork,
  words: readonly string[],
  phones: (word: string) => readonly string[],
): string | undefined {
  const sounds = (part: readonly string[]): string[] => part.flatMap(phones);
  const nearest = alternatives(network, words)
    .map(({ sentence, instead, differs }) => ({
      text: sentence.join(" "),
      distance: soundDistance(sounds(instead), sounds(differs)),
    }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST_RIVALS);
  if (nearest.length === 0) return undefined;
  return `#JSGF V1.0;\ngrammar rivals;\npublic <s> = ${nearest.map(({ text }) => text).join("\n  | ")};\n`;
}
