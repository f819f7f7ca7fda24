import type { Token, Tokens } from "marked";

/** Turns Markdown into what can be said aloud. */
export type ToPlain = (markdown: string) => string;

/** The library behind it is loaded once somebody speaks. */
export async function loadPlain(): Promise<ToPlain> {
  const { lexer } = await import("marked");
  return (markdown) => tidy(blocks(lexer(markdown)));
}

function blocks(tokens: readonly Token[]): string {
  return tokens
    .map(block)
    .filter((text) => text.trim() !== "")
    .join("\n");
}

function block(token: Token): string {
  switch (token.type) {
    case "code":
    case "hr":
    case "html":
    case "def":
    case "space":
      // A block of code cannot be said; whoever wants it reads it where the conversation is shown.
      return "";
    case "heading":
      return closed(inline((token as Tokens.Heading).tokens));
    case "list":
      return (token as Tokens.List).items.map((item) => closed(blocks(item.tokens))).join("\n");
    case "blockquote":
      return blocks((token as Tokens.Blockquote).tokens);
    case "table": {
      const { header, rows } = token as Tokens.Table;
      return [header, ...rows].map((row) => closed(row.map((cell) => inline(cell.tokens)).join(", "))).join("\n");
    }
    default:
      return inline((token as Tokens.Generic).tokens ?? [token]);
  }
}

function inline(tokens: readonly Token[] = []): string {
  return tokens.map(part).join("");
}

function part(token: Token): string {
  switch (token.type) {
    case "br":
      return " ";
    case "html":
      return "";
    case "link":
      // A bare address is not read out letter by letter.
      return /^\w+:\/\//.test(token.text) ? "a link" : inline(token.tokens);
    case "image":
    case "codespan":
    case "escape":
      return token.text;
    default: {
      const { tokens, text = "" } = token as Tokens.Generic;
      return tokens ? inline(tokens) : String(text);
    }
  }
}

/** A heading or an item is a sentence of its own. */
function closed(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" || /[.!?…:;,]["'”’)\]]*$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** Marks that a sentence was cut out of the middle of, entities, and white space. */
function tidy(text: string): string {
  return text
    .replace(/&amp;/g, "&")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/(^|[\s("'])(\*{1,3}|_{1,3}|~~|`{1,3})(?=\S)/g, "$1")
    .replace(/(\S)(\*{1,3}|_{1,3}|~~|`{1,3})(?=[\s)"'.,;:!?]|$)/g, "$1")
    .replace(/\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\u200d|\ufe0f|\p{Extended_Pictographic})*/gu, "")
    .replace(/\s+/g, " ")
    .trim();
}
