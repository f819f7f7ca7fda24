import { BarnacleError } from "@barnacle/protocol/errors";

/** What a rule expands to. */
export type Expansion =
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "sequence"; readonly parts: readonly Expansion[] }
  | { readonly kind: "choice"; readonly options: readonly Expansion[] }
  | { readonly kind: "optional"; readonly part: Expansion }
  | { readonly kind: "repeat"; readonly part: Expansion; readonly min: 0 | 1 };

export interface Jsgf {
  /** Name of the public rule, where every sentence starts. */
  readonly start: string;
  readonly rules: ReadonlyMap<string, Expansion>;
}

const TOKEN = /<[^>\s]+>|\/[^/]*\/|\{[^}]*\}|"[^"]*"|[()[\]|*+;=]|[^\s()[\]|*+;=<>{}/"]+/gy;

/**
 * Reads the JSGF that Barnacle and the engines share: one public rule, words, rule references, groups, optional
 * parts, `*`, `+`, weights and tags (both dropped). Imports are not supported.
 *
 * @throws INPUT_INVALID naming what was found and what was expected
 */
export function parseJsgf(text: string): Jsgf {
  const plain = withoutComments(text);
  const header = /^\s*#JSGF[^;]*;\s*grammar\s+[^;\s]+\s*;/.exec(plain);
  if (!header) throw invalid('it must begin with "#JSGF V1.0; grammar NAME;"');
  const parser = new Parser(tokenise(plain, header[0].length));
  return parser.grammar();
}

/** JSGF without its comments, for tools that edit the text. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, " ");
}

function tokenise(text: string, from: number): string[] {
  const tokens: string[] = [];
  let at = from;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) throw invalid(`unexpected "${text.slice(at, at + 20)}"`);
    tokens.push(match[0]);
    at = TOKEN.lastIndex;
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  grammar(): Jsgf {
    const rules = new Map<string, Expansion>();
    const starts: string[] = [];
    while (this.#at < this.#tokens.length) {
      const isPublic = this.#take("public");
      const name = this.#next("a rule name");
      if (!name.startsWith("<")) throw invalid(`found "${name}", expected a rule name such as <s>`);
      this.#expect("=");
      rules.set(name, this.#choice());
      this.#expect(";");
      if (isPublic) starts.push(name);
    }
    const [start] = starts;
    if (start === undefined || starts.length > 1) throw invalid(`${starts.length} public rules, expected one`);
    checkReferences(rules);
    return { start, rules };
  }

  #choice(): Expansion {
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    return options.length === 1 && options[0] ? options[0] : { kind: "choice", options };
  }

  #sequence(): Expansion {
    const parts: Expansion[] = [];
    for (let token = this.#peek(); token !== undefined && !"|;)]".includes(token); token = this.#peek()) {
      this.#at += 1;
      if (/^[/{]/.test(token)) continue;
      parts.push(this.#suffix(this.#item(token)));
    }
    return parts.length === 1 && parts[0] ? parts[0] : { kind: "sequence", parts };
  }

  #item(token: string): Expansion {
    if (token === "(" || token === "[") {
      const part = this.#choice();
      this.#expect(token === "(" ? ")" : "]");
      return token === "(" ? part : { kind: "optional", part };
    }
    if (token === "*" || token === "+" || token === "=") throw invalid(`unexpected "${token}"`);
    if (token === "<NULL>") return { kind: "sequence", parts: [] };
    if (token.startsWith("<")) return { kind: "rule", name: token };
    return { kind: "word", word: token.replaceAll('"', "") };
  }

  #suffix(part: Expansion): Expansion {
    if (this.#take("*")) return { kind: "repeat", part, min: 0 };
    if (this.#take("+")) return { kind: "repeat", part, min: 1 };
    return part;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  #next(expected: string): string {
    const token = this.#peek();
    if (token === undefined) throw invalid(`it ends where ${expected} was expected`);
    this.#at += 1;
    return token;
  }

  #expect(token: string): void {
    const found = this.#next(`"${token}"`);
    if (found !== token) throw invalid(`found "${found}", expected "${token}"`);
  }
}

/** Every rule exists, and none contains itself: recognisers need a finite network. */
function checkReferences(rules: ReadonlyMap<string, Expansion>): void {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return;
    const body = rules.get(name);
    if (!body) throw invalid(`rule ${name} is used but not defined`);
    if (path.includes(name)) throw invalid(`rule ${name} contains itself`);
    for (const used of references(body)) visit(used, [...path, name]);
    done.add(name);
  };
  for (const name of rules.keys()) visit(name, []);
}

function references(expansion: Expansion): string[] {
  switch (expansion.kind) {
    case "word":
      return [];
    case "rule":
      return [expansion.name];
    case "sequence":
      return expansion.parts.flatMap(references);
    case "choice":
      return expansion.options.flatMap(references);
    default:
      return references(expansion.part);
  }
}

function invalid(what: string): BarnacleError {
  return new BarnacleError("INPUT_INVALID", `the speech grammar is not valid JSGF: ${what}`);
}
