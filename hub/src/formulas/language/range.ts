const TOKEN = /\s*(?:(\d+)|([-+*/^()×÷−]))/y;
const LARGEST = 1_000_000;

/**
 * `1..2^3`: whole numbers from one to the other, with + - * / ^ and parentheses (also × ÷ −). Division rounds down.
 * @returns the two ends, or in words what is wrong
 */
export function parseRange(text: string): readonly [number, number] | string {
  const at = text.indexOf("..");
  if (at < 0) return `expected <from>..<to>, found "${text}"`;
  const [from, to] = [evaluate(text.slice(0, at)), evaluate(text.slice(at + 2))];
  if (typeof from === "string") return from;
  if (typeof to === "string") return to;
  return [from, to];
}

/** @returns the value, or in words what is wrong */
export function evaluate(text: string): number | string {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const trimmed = text.trimEnd();
  while (TOKEN.lastIndex < trimmed.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(trimmed);
    if (!match) return `expected a number, + - * / ^ or a parenthesis at "${trimmed.slice(start).trim().slice(0, 20)}"`;
    tokens.push(match[1] ?? { "×": "*", "÷": "/", "−": "-" }[match[2] ?? ""] ?? match[2] ?? "");
  }
  const parser = new Parser(tokens);
  const value = parser.sum();
  if (!parser.done || Number.isNaN(value)) return `"${text.trim()}" is no expression of whole numbers`;
  if (Math.abs(value) > LARGEST) return `"${text.trim()}" is ${value}, expected at most ${LARGEST}`;
  return value;
}

/** One method for each level of precedence; NaN is what cannot be read. */
class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get done(): boolean {
    return this.#at === this.#tokens.length;
  }

  sum(): number {
    let value = this.#product();
    for (let sign = this.#take("+", "-"); sign; sign = this.#take("+", "-")) {
      const next = this.#product();
      value = sign === "+" ? value + next : value - next;
    }
    return value;
  }

  #product(): number {
    let value = this.#signed();
    for (let sign = this.#take("*", "/"); sign; sign = this.#take("*", "/")) {
      const next = this.#signed();
      value = sign === "*" ? value * next : next === 0 ? Number.NaN : Math.floor(value / next);
    }
    return value;
  }

  #signed(): number {
    return this.#take("-") ? -this.#signed() : this.#power();
  }

  #power(): number {
    const base = this.#atom();
    return this.#take("^") ? Math.floor(base ** this.#signed()) : base;
  }

  #atom(): number {
    if (this.#take("(")) {
      const value = this.sum();
      return this.#take(")") ? value : Number.NaN;
    }
    const token = this.#tokens[this.#at];
    if (token === undefined || !/^\d+$/.test(token)) return Number.NaN;
    this.#at++;
    return Number(token);
  }

  #take(...signs: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || !signs.includes(token)) return undefined;
    this.#at++;
    return token;
  }
}
