/** A pseudo-word of the decoder that stands for a wake phrase, or for the end of one. */
export interface PrefixWord {
  readonly word: string;
  readonly phones: string;
}

/** Names that no JSGF of a household contains. */
const PREFIX = "_wake";
/** Shorter tails would swallow the first sound of a command. */
const SHORTEST_TAIL = 3;

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
  const pronunciations = new Set<string>();
  for (const phrase of phrases) {
    const words = phrase.toLowerCase().split(/\s+/).filter(Boolean).map(pronounce);
    for (const whole of combine(words)) {
      const phones = whole.split(" ");
      for (let from = 0; phones.length - from >= SHORTEST_TAIL; from++)
        pronunciations.add(phones.slice(from).join(" "));
    }
  }
  return [...pronunciations].map((phones, index) => ({ word: `${PREFIX}${index}`, phones }));
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

/** The household's JSGF with the wake words allowed before its sentences. */
export function withPrefix(jsgf: string, startRule: string, prefix: readonly PrefixWord[]): string {
  const private_ = jsgf.replace(/(^|[;\s])public(?=\s*<)/, "$1");
  const before = prefix.length === 0 ? "" : `[${prefix.map((entry) => entry.word).join(" | ")}] `;
  return `${private_}\npublic <barnacle_turn> = ${before}${startRule};\n`;
}
