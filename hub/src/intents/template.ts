import { BarnacleError } from "@barnacle/protocol/errors";

/** A parsed sentence template: what may be said, as a tree. */
export type Expr =
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "sequence"; readonly items: readonly Expr[] }
  | { readonly kind: "choice"; readonly items: readonly Expr[] }
  | { readonly kind: "optional"; readonly item: Expr }
  /** A value of the list `list`, reported under `slot`. */
  | { readonly kind: "slot"; readonly list: string; readonly slot: string }
  | { readonly kind: "rule"; readonly name: string };

const TOKEN = /\s*([()[\]|]|\{[a-z_]+(?::[a-z_]+)?\}|<[a-z_]+>|[a-z']+)/y;

/**
 * Parses a sentence template in the style of Home Assistant's hassil: words, `[optional]`, `(this|that)`, `{list}` or
 * `{list:slot}`, `<rule>`. JSGF rule bodies without weights are written in the same characters.
 * @throws INPUT_INVALID naming the template and the column that does not fit
 */
export function parseTemplate(text: string): Expr {
  const tokens = tokenise(text);
  let at = 0;
  const expr = alternatives();
  if (at < tokens.length) fail(tokens[at]?.column ?? 0, `"${tokens[at]?.text}" closes nothing`);
  return expr;

  function alternatives(): Expr {
    const items = [sequence()];
    while (tokens[at]?.text === "|") {
      at++;
      items.push(sequence());
    }
    return items.length === 1 ? (items[0] as Expr) : { kind: "choice", items };
  }

  function sequence(): Expr {
    const items: Expr[] = [];
    for (let token = tokens[at]; token && !isEnd(token.text); token = tokens[at]) {
      at++;
      items.push(item(token));
    }
    if (items.length === 0)
      fail(tokens[at]?.column ?? text.length, "an empty alternative; use [ ] for what may be left out");
    return items.length === 1 ? (items[0] as Expr) : { kind: "sequence", items };
  }

  function item(token: Token): Expr {
    if (token.text === "(") return close(alternatives(), ")", token);
    if (token.text === "[") return { kind: "optional", item: close(alternatives(), "]", token) };
    const inner = token.text.slice(1, -1);
    if (token.text.startsWith("<")) return { kind: "rule", name: inner };
    if (token.text.startsWith("{")) {
      const [list = "", slot = list] = inner.split(":");
      return { kind: "slot", list, slot };
    }
    return { kind: "word", word: token.text };
  }

  function close(expr: Expr, bracket: string, open: Token): Expr {
    if (tokens[at]?.text !== bracket) fail(open.column, `"${open.text}" is never closed by "${bracket}"`);
    at++;
    return expr;
  }

  function fail(column: number, problem: string): never {
    throw new BarnacleError("INPUT_INVALID", `sentence template "${text}", column ${column + 1}: ${problem}`);
  }

  function tokenise(source: string): Token[] {
    const found: Token[] = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < source.trimEnd().length) {
      const from = TOKEN.lastIndex;
      const match = TOKEN.exec(source);
      if (!match?.[1])
        fail(from, `"${source.slice(from, from + 10)}" is neither a word, a bracket, a {slot} nor a <rule>`);
      found.push({ text: match[1], column: TOKEN.lastIndex - match[1].length });
    }
    return found;
  }
}

interface Token {
  readonly text: string;
  readonly column: number;
}

function isEnd(text: string): boolean {
  return text === ")" || text === "]" || text === "|";
}
