import { numberWords } from "./numbers.ts";

/** A word as templates write it, with the place in the text that it came from. */
export interface Token {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

const CONTRACTIONS: Readonly<Record<string, string>> = {
  "what's": "what is",
  "where's": "where is",
  "how's": "how is",
  "who's": "who is",
  "it's": "it is",
  "that's": "that is",
  "there's": "there is",
  "let's": "let us",
  "don't": "do not",
  "can't": "can not",
  "i'm": "i am",
  "i'll": "i will",
  tv: "television",
  telly: "television",
  colour: "color",
  todo: "to do",
};

/** Ways to begin and to end a request that change nothing about it; longer ones first. */
const POLITE_STARTS = [
  "i would like you to",
  "i want you to",
  "could you please",
  "would you please",
  "can you please",
  "will you please",
  "could you",
  "would you",
  "can you",
  "will you",
  "please",
  "hey",
  "okay",
  "ok",
  "and",
  "now",
].map((phrase) => phrase.split(" "));
const POLITE_ENDS = ["if you please", "thank you", "for me", "please", "thanks", "now"].map((phrase) =>
  phrase.split(" "),
);

/**
 * Splits text into the words that templates are made of: lower case, without accents and punctuation, contractions
 * written out, digits as number words, polite beginnings and ends left off.
 */
export function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  for (const chunk of text.matchAll(/\S+/g)) {
    const end = chunk.index + chunk[0].length;
    for (const word of plainWords(chunk[0])) tokens.push({ word, start: chunk.index, end });
  }
  return withoutPoliteness(tokens);
}

/** A name or phrase as templates write it: "Kid's Room 2" is "kids room two". Empty when no letter or digit is left. */
export function speakable(text: string): string {
  return text
    .split(/\s+/)
    .flatMap((chunk) => plainWords(chunk))
    .join(" ");
}

/** Articles and the like, which people put in or leave out at will. */
export function isArticle(word: string | undefined): boolean {
  return word === "the" || word === "a" || word === "an" || word === "my" || word === "our";
}

function plainWords(chunk: string): string[] {
  const plain = chunk
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[’`´]/g, "'")
    .replace(/^[^\p{L}\p{N}°%&]+|[^\p{L}\p{N}°%&]+$/gu, "");
  const spelt = (CONTRACTIONS[plain] ?? plain)
    .replaceAll("'", "")
    .replace(/%/g, " percent ")
    .replace(/°\s*[cf]?/g, " degrees ")
    .replace(/&/g, " and ")
    .replace(/(\d),(?=\d{3}\b)/g, "$1")
    .replace(/\d+/g, (digits) =>
      digits.length > 6 ? ` ${digits.split("").map(digitWord).join(" ")} ` : ` ${numberWords(Number(digits))} `,
    );
  return spelt.split(/[^a-z]+/).filter((word) => word !== "");
}

function digitWord(digit: string): string {
  return numberWords(Number(digit));
}

function withoutPoliteness(tokens: Token[]): Token[] {
  let from = 0;
  let to = tokens.length;
  for (let again = true; again; ) {
    again = false;
    for (const phrase of POLITE_STARTS) {
      if (phrase.length < to - from && phrase.every((word, i) => tokens[from + i]?.word === word)) {
        from += phrase.length;
        again = true;
      }
    }
    for (const phrase of POLITE_ENDS) {
      const start = to - phrase.length;
      if (start > from && phrase.every((word, i) => tokens[start + i]?.word === word)) {
        to = start;
        again = true;
      }
    }
  }
  return tokens.slice(from, to);
}
