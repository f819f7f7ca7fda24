import type { Sentence } from "./compile.ts";
import type { Expr } from "./template.ts";
import type { ListValue, SlotList, SlotValue, Vocabulary } from "./vocabulary.ts";
import { isArticle, type Token, tokenise } from "./words.ts";

/** What was meant. */
export interface IntentMatch {
  readonly intent: string;
  readonly slots: Readonly<Record<string, SlotValue>>;
}

type Next = (at: number) => void;

/** A list with its values found by first word. */
interface IndexedList {
  readonly byFirstWord: ReadonlyMap<
    string,
    readonly { readonly words: readonly string[]; readonly value: SlotValue }[]
  >;
  readonly free: boolean;
}

/** Finds the intent of a text. Articles may be left out or added anywhere; of several readings the most exact one wins. */
export class Matcher {
  readonly #sentences: readonly Sentence[];
  readonly #lists: ReadonlyMap<string, IndexedList>;

  constructor(sentences: readonly Sentence[], vocabulary: Vocabulary) {
    this.#sentences = sentences;
    this.#lists = new Map([...vocabulary].map(([name, list]) => [name, index(list)]));
  }

  match(text: string): IntentMatch | undefined {
    const tokens = tokenise(text);
    let best: (IntentMatch & { readonly freeWords: number }) | undefined;
    if (tokens.length === 0) return undefined;
    for (const sentence of this.#sentences) {
      const slots: [string, SlotValue][] = [];
      let freeWords = 0;
      this.#walk(sentence.expr, { tokens, text, slots, addFree: (n) => (freeWords += n) }, 0, (at) => {
        if (skipArticles(tokens, at) < tokens.length || (best && best.freeWords <= freeWords)) return;
        best = { intent: sentence.intent, slots: { ...sentence.slots, ...Object.fromEntries(slots) }, freeWords };
      });
    }
    return best && { intent: best.intent, slots: best.slots };
  }

  /** Calls `next` with every place where a reading of `expr` that begins at `at` can end. */
  #walk(expr: Expr, state: State, at: number, next: Next): void {
    switch (expr.kind) {
      case "word":
        for (const end of afterWord(state.tokens, at, expr.word)) next(end);
        return;
      case "sequence":
        this.#walkItems(expr.items, 0, state, at, next);
        return;
      case "choice":
        for (const item of expr.items) this.#walk(item, state, at, next);
        return;
      case "optional":
        this.#walk(expr.item, state, at, next);
        next(at);
        return;
      case "slot":
        this.#walkSlot(expr.list, expr.slot, state, at, next);
        return;
      case "rule":
        return;
    }
  }

  #walkItems(items: readonly Expr[], from: number, state: State, at: number, next: Next): void {
    const item = items[from];
    if (item) this.#walk(item, state, at, (end) => this.#walkItems(items, from + 1, state, end, next));
    else next(at);
  }

  #walkSlot(name: string, slot: string, state: State, at: number, next: Next): void {
    const list = this.#lists.get(name);
    if (!list) return;
    const bind = (value: SlotValue, end: number) => {
      state.slots.push([slot, value]);
      next(end);
      state.slots.pop();
    };
    const start = skipArticles(state.tokens, at);
    const values = list.byFirstWord.get(state.tokens[start]?.word ?? "") ?? [];
    for (const { words, value } of values) {
      let end = start;
      for (const word of words) end = afterWord(state.tokens, end, word)[0] ?? Number.POSITIVE_INFINITY;
      if (end <= state.tokens.length) bind(value, end);
    }
    if (!list.free) return;
    for (let end = at + 1; end <= state.tokens.length; end++) {
      state.addFree(end - at);
      bind(original(state, at, end), end);
      state.addFree(at - end);
    }
  }
}

interface State {
  readonly tokens: readonly Token[];
  readonly text: string;
  readonly slots: [string, SlotValue][];
  readonly addFree: (words: number) => void;
}

/** Where reading goes on after `word`; empty when it is not there. */
function afterWord(tokens: readonly Token[], at: number, word: string): number[] {
  if (isArticle(word)) return [tokens[at]?.word === word ? at + 1 : at];
  const place = skipArticles(tokens, at);
  return tokens[place]?.word === word ? [place + 1] : [];
}

function skipArticles(tokens: readonly Token[], at: number): number {
  let place = at;
  while (isArticle(tokens[place]?.word)) place++;
  return place;
}

/** The text as it was typed, between two tokens, without the punctuation around it. */
function original({ text, tokens }: State, from: number, to: number): string {
  const part = text.slice(tokens[from]?.start ?? 0, tokens[to - 1]?.end ?? 0);
  return part.replace(/^[\s"'“”:;,.]+|[\s"'“”:;,.!?]+$/g, "");
}

function index(list: SlotList): IndexedList {
  const byFirstWord = new Map<string, { words: readonly string[]; value: SlotValue }[]>();
  for (const entry of [...list.values].sort(longerFirst)) {
    const words = entry.words.split(" ").filter((word) => !isArticle(word));
    const first = words[0];
    if (first === undefined) continue;
    const found = byFirstWord.get(first) ?? [];
    byFirstWord.set(first, found);
    found.push({ words, value: entry.value });
  }
  return { byFirstWord, free: list.free };
}

function longerFirst(a: ListValue, b: ListValue): number {
  return b.words.length - a.words.length;
}
