import type { SentenceNetwork } from "./network.ts";

/** A sentence of the grammar that differs from another in one place. */
export interface Alternative {
  readonly sentence: readonly string[];
  /** The words that differ: of the sentence given, and of this one. Either may be none. */
  readonly instead: readonly string[];
  readonly differs: readonly string[];
}

/** Words of a sentence that may be exchanged at once, and for how many. */
const MOST_WORDS = 3;
/** States visited at most: a large household must not make a speaker wait. Nearer sentences are visited first. */
const MOST_STEPS = 20_000;

/** The sentences of the grammar that differ from `words` in one place, by up to three words. */
export function alternatives(network: SentenceNetwork, words: readonly string[]): Alternative[] {
  const found = new Map<string, Alternative>();
  const own = words.join(" ");
  let steps = 0;
  const reached = [network.start];
  for (const word of words) reached.push(network.step(reached.at(-1) ?? new Set(), word));

  /** Closes the sentence after `differs` with each rest of the words that may follow. */
  const close = (at: number, states: ReadonlySet<number>, differs: readonly string[]): void => {
    for (let to = at; to <= Math.min(words.length, at + MOST_WORDS); to++) {
      // A word that both have in the same place is no part of the difference.
      if (to > at && differs.length > 0 && differs.at(-1) === words[to - 1]) continue;
      steps += 1;
      const sentence = [...words.slice(0, at), ...differs, ...words.slice(to)];
      const text = sentence.join(" ");
      if (text === own || found.has(text) || !network.ends(states, words.slice(to))) continue;
      found.set(text, { sentence, instead: words.slice(at, to), differs });
    }
  };
  const explore = (at: number, states: ReadonlySet<number>, differs: readonly string[], depth: number): void => {
    if (steps > MOST_STEPS) return;
    if (depth === 0) {
      close(at, states, differs);
      return;
    }
    for (const word of network.words(states)) {
      if (differs.length === 0 && word === words[at]) continue;
      steps += 1;
      explore(at, network.step(states, word), [...differs, word], depth - 1);
    }
  };
  for (let depth = 0; depth <= MOST_WORDS; depth++) {
    for (const [at, states] of reached.entries()) explore(at, states, [], depth);
  }
  return [...found.values()];
}
