/** How far behind a possible end one must look before it counts as one. */
const LOOKAHEAD = 6;
/** Nobody listens to more at a breath; longer text is cut at a comma or a space. */
const LONGEST = 400;
/** A full stop behind these does not end a sentence. */
const SHORT =
  /(?:^|[\s("'*_])(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|z\.b|ca|approx|no|nr|fig|a\.m|p\.m|[a-z]|\d{1,3})$/i;
/** Ends of sentences, with the marks that may close behind them. */
const END = /[.!?…]+["'”’)\]*_~]*(?=\s)/g;
/** A new paragraph, or a line that stands by itself: a list's item, a heading, a quotation, a fence. */
const BREAK = /\n(?=[ \t]*(?:\n|[-*+] |\d{1,3}[.)] |#{1,6} |> |```|~~~|\|))/g;

/**
 * Cuts a text that grows into sentences, as soon as each is complete. How the text comes, in large pieces or letter by
 * letter, changes nothing about where it is cut; put together again, the sentences are the text.
 */
export class SentenceStream {
  #text = "";
  #taken = 0;

  /** What was given out so far. */
  get taken(): string {
    return this.#text.slice(0, this.#taken);
  }

  /**
   * @param text all of it so far. A text that does not begin with what was given out replaces it: what is said is said
   * @returns sentences that became complete, with the white space behind them
   */
  grow(text: string): string[] {
    if (!text.startsWith(this.taken)) this.#taken = common(this.taken, text);
    this.#text = text;
    return this.#cut(false);
  }

  /** The text is complete: what is left of it. */
  end(): string[] {
    return this.#cut(true);
  }

  #cut(final: boolean): string[] {
    const sentences: string[] = [];
    for (let length = this.#next(final); length > 0; length = this.#next(final)) {
      sentences.push(this.#text.slice(this.#taken, this.#taken + length));
      this.#taken += length;
    }
    return sentences.filter((sentence) => sentence.trim() !== "");
  }

  /** How long the next sentence is; 0 as long as that is not known. */
  #next(final: boolean): number {
    const rest = this.#text.slice(this.#taken);
    if (rest.trim() === "") return final ? rest.length : 0;
    const known = final ? rest.length : rest.length - LOOKAHEAD;
    const fence = fenced(rest);
    if (fence !== undefined) return fence > 0 && (final || fence <= known) ? fence : final ? rest.length : 0;
    const end = Math.min(
      first(rest, END, isEnd),
      first(rest, BREAK, (_, at) => rest.slice(0, at).trim() !== ""),
    );
    if (end < LONGEST && end <= known) return withSpace(rest, end);
    if (known >= LONGEST) return breath(rest);
    return final ? rest.length : 0;
  }
}

function isEnd(rest: string, at: number, mark: string): boolean {
  return !mark.startsWith(".") || mark.startsWith("..") || !SHORT.test(rest.slice(0, at));
}

/** Behind the first match that counts; Infinity when none does. */
function first(rest: string, pattern: RegExp, counts: (rest: string, at: number, mark: string) => boolean): number {
  for (const match of rest.matchAll(pattern)) {
    if (match.index + match[0].length <= LONGEST && counts(rest, match.index, match[0])) {
      return match.index + match[0].length;
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** Behind one white space, so that a further one begins the next sentence's wait alike however the text came. */
function withSpace(rest: string, end: number): number {
  return /\s/.test(rest.charAt(end)) ? end + 1 : end;
}

/** A block of code at the start is one piece: its length with the closing fence, 0 as long as that is missing. */
function fenced(rest: string): number | undefined {
  const open = /^\s*(```|~~~)/.exec(rest);
  if (!open) return undefined;
  const close = rest.indexOf(`\n${open[1]}`, open[0].length);
  return close < 0 ? 0 : close + 1 + 3;
}

function breath(rest: string): number {
  const head = rest.slice(0, LONGEST);
  const comma = head.lastIndexOf(", ");
  const space = head.search(/\s\S*$/);
  return comma > LONGEST / 2 ? comma + 2 : space > 0 ? space + 1 : LONGEST;
}

function common(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}
