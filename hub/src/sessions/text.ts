import type { JsonObject } from "@barnacle/protocol/schema";

const TITLE = 80;
const PREVIEW = 200;

/** What a message says in words, without tool calls and pictures. */
export function textOf(message: JsonObject): string {
  const { content } = message;
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .flatMap((part) => {
      const piece = part as JsonObject | null;
      return piece?.type === "text" && typeof piece.text === "string" ? [piece.text] : [];
    })
    .join("\n");
}

/** One line of at most `length` characters, cut between words where that loses little. */
export function shortened(text: string, length: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line.length <= length) return line;
  const cut = line.slice(0, length - 1);
  const space = cut.lastIndexOf(" ");
  return `${(space > length * 0.6 ? cut.slice(0, space) : cut).trimEnd()}…`;
}

export const titleOf = (message: JsonObject): string => shortened(textOf(message), TITLE);
export const previewOf = (message: JsonObject): string => shortened(textOf(message), PREVIEW);
