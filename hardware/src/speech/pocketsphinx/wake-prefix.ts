/** A pseudo-word of the decoder that is no part of the sentence: a wake phrase, the end of one, a bare phone. */
export interface PrefixWord {
  readonly word: string;
  readonly phones: string;
  /** A wake phrase from its beginning. */
  readonly whole: boolean;
}

/** Names that no JSGF of a household contains. */
const PREFIX = "_";
/** Shorter tails would swallow the first sound of a command. */
const SHORTEST_TAIL = 3;

/** The phones of the model, each as a word: together, in a loop, they fit any sound. */
export const PHONE_WORDS: readonly PrefixWord[] =
  "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
    .split(" ")
    .map((phones) => ({ word: `_${phones.toLowerCase()}`, phones, whole: false }));

/** Names and phrases that an English dictionary may lack. */
export const WAKE_PRONUNCIATIONS: Readonly<Record<string, readonly string[]>> = {
  jarvis: ["JH AA R V AH S", "JH AA R V IH S"],
  alexa: ["AH L EH K S AH"],
  mycroft: ["M AY K R AO F T"],
  rhasspy: ["R AE S P IY"],
  barnacle: ["B AA R N AH K AH L"],
  porcupine: ["P AO R K Y AH P AY N"],
};

/**
 * The pre-roll before a detection usually holds the wake phrase, or only its end when it was spoken slowly. Both are
 * given to the decoder as words that may precede the sentence.
 *
 * @param pronounce pronunciations of one word; none means that phrases with this word are left out
 */
export function prefixWords(phrases: readonly string[], pronounce: (word: string) => readonly string[]): PrefixWord[] {
  const found = new Map<string, PrefixWord>();
  for (const phrase of phrases) {
    const words = phrase.toLowerCase().split(/\s+/).filter(Boolean).map(pronounce);
    for (const whole of combine(words)) {
      const phones = whole.split(" ");
      for (let from = 0; phones.length - from >= SHORTEST_TAIL; from++) {
        const tail = phones.slice(from).join(" ");
        const word = `${PREFIX}${tail.toLowerCase().replaceAll(" ", "-")}`;
        found.set(tail, { word, phones: tail, whole: from === 0 || found.get(tail)?.whole === true });
      }
    }
  }
  return [...found.values()];
}

export function isPrefixWord(word: string): boolean {
  return word.startsWith(PREFIX);
}

/** Every way of saying the words one after the other. */
function combine(words: readonly (readonly string[])[]): string[] {
  return words.reduce<string[]>(
    (heads, options) => heads.flatMap((head) => options.map((option) => (head === "" ? option : `${head} ${option}`))),
    words.length === 0 ? [] : [""],
  );
}

/**
 * The household's JSGF with the wake words allowed before its sentences.
 *
 * Before a whole wake phrase any sound may come: the pre-roll begins in the middle of whatever there was, and music
 * would otherwise be forced onto the sentence's first words.
 */
export function withPrefix(jsgf: string, startRule: string, prefix: readonly PrefixWord[]): string {
  const inner = jsgf.replace(/(^|[;\s])public(?=\s*<)/, "$1");
  if (prefix.length === 0) return `${inner}\npublic <barnacle_turn> = ${startRule};\n`;
  const list = (words: readonly PrefixWord[]): string => words.map(({ word }) => word).join(" | ");
  return [
    inner,
    `<barnacle_sound> = ${list(PHONE_WORDS)};`,
    `<barnacle_wake> = ${list(prefix.filter(({ whole }) => whole))};`,
    `<barnacle_prefix> = ${list(prefix)} | <barnacle_sound> [<barnacle_sound>] <barnacle_wake>;`,
    `public <barnacle_turn> = [<barnacle_prefix>] ${startRule};\n`,
  ].join("\n");
}
