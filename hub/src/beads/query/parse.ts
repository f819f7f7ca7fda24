import { BarnacleError } from "@barnacle/protocol/errors";

export interface Comparison {
  readonly kind: "compare";
  readonly field: string;
  readonly operator: "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~";
  readonly value: string;
}

export type Expression =
  | Comparison
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression };

interface Token {
  readonly text: string;
  readonly at: number;
  readonly quoted: boolean;
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"|'[^']*')|([()]|[<>!]=|!~|[=<>~])|([^\s()=<>!~:"'][^\s()=<>!~"']*))/y;
const OPERATORS = new Set(["=", "!=", "<", "<=", ">", ">=", "~", "!~"]);
const DEEPEST = 100;

/** @throws INPUT_INVALID */
export function parseQuery(text: string): Expression {
  const tokens = tokensOf(text);
  let at = 0;
  let depth = 0;
  const peek = () => tokens[at];
  const word = () => (peek()?.quoted ? "" : (peek()?.text.toUpperCase() ?? ""));
  const expected = (what: string): BarnacleError => {
    const token = peek();
    const found = token ? `"${token.text}" at ${token.at + 1}` : "the end";
    return new BarnacleError("INPUT_INVALID", `query: expected ${what}, found ${found}`);
  };
  const either = (): Expression => {
    let left = both();
    while (word() === "OR") {
      at++;
      left = { kind: "or", left, right: both() };
    }
    return left;
  };
  const both = (): Expression => {
    let left = single();
    while (word() === "AND") {
      at++;
      left = { kind: "and", left, right: single() };
    }
    return left;
  };
  const single = (): Expression => {
    if (++depth > DEEPEST) throw new BarnacleError("INPUT_INVALID", "query: nested too deep");
    try {
      if (word() === "NOT") {
        at++;
        return { kind: "not", of: single() };
      }
      if (word() === "(") {
        at++;
        const inner = either();
        if (word() !== ")") throw expected('")"');
        at++;
        return inner;
      }
      return comparison();
    } finally {
      depth--;
    }
  };
  const comparison = (): Expression => {
    const field = peek();
    if (!field || field.quoted || !/^[a-z_][\w.-]*$/i.test(field.text)) throw expected("a field");
    at++;
    const operator = peek()?.text;
    if (operator === undefined || !OPERATORS.has(operator)) throw expected("one of = != < <= > >= ~ !~");
    at++;
    const value = peek();
    if (!value || (!value.quoted && /^[()=<>]/.test(value.text))) throw expected("a value");
    at++;
    return {
      kind: "compare",
      field: field.text.toLowerCase(),
      operator: operator as Comparison["operator"],
      value: value.text,
    };
  };
  const result = either();
  if (peek()) throw expected("AND, OR or the end");
  return result;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.trimEnd().length; ) {
    const from = TOKEN.lastIndex;
    const at = from + text.slice(from).search(/\S|$/);
    const match = TOKEN.exec(text);
    if (!match) throw new BarnacleError("INPUT_INVALID", `query: "${text.slice(at, at + 20)}" was not understood`);
    const [, quoted, sign, plain] = match;
    if (quoted !== undefined) tokens.push({ text: quoted.slice(1, -1).replace(/\\(.)/g, "$1"), at, quoted: true });
    else tokens.push({ text: sign ?? plain ?? "", at, quoted: false });
  }
  return tokens;
}
