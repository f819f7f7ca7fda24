import { BarnacleError } from "../errors/index.ts";

/** One member of a JSON object: its name, and its value as it was written. */
export interface Member {
  readonly name: string;
  /** The name as it was written, quotes included. */
  readonly rawName: string;
  readonly raw: string;
}

const SPACE = /[ \t\r\n]*/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const SCALAR = /[^\s,\]}]+/y;

/**
 * The members of a JSON object in their order, values untouched, so that a line is written again as it came: number forms,
 * escapes, unknown members and all. `text` must be valid JSON.
 * @throws INPUT_INVALID when it is no object
 */
export function membersOf(text: string): Member[] {
  let at = skip(text, 0);
  if (text[at] !== "{") throw new BarnacleError("INPUT_INVALID", "expected a JSON object");
  at = skip(text, at + 1);
  const members: Member[] = [];
  while (text[at] !== "}") {
    const nameEnd = endOf(text, at);
    const rawName = text.slice(at, nameEnd);
    at = skip(text, skip(text, nameEnd) + 1);
    const end = endOf(text, at);
    members.push({
      name: rawName.includes("\\") ? JSON.parse(rawName) : rawName.slice(1, -1),
      rawName,
      raw: text.slice(at, end),
    });
    at = skip(text, end);
    if (text[at] === ",") at = skip(text, at + 1);
  }
  return members;
}

/** The elements of a JSON array as they were written. */
export function elementsOf(text: string): string[] {
  let at = skip(text, 0);
  if (text[at] !== "[") return [];
  at = skip(text, at + 1);
  const elements: string[] = [];
  while (text[at] !== "]") {
    const end = endOf(text, at);
    elements.push(text.slice(at, end));
    at = skip(text, end);
    if (text[at] === ",") at = skip(text, at + 1);
  }
  return elements;
}

export function objectText(members: readonly Member[]): string {
  return `{${members.map(({ rawName, raw }) => `${rawName}:${raw}`).join(",")}}`;
}

function skip(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

/** Where the value that begins at `at` ends. */
function endOf(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return matchEnd(STRING, text, at);
  if (first !== "{" && first !== "[") return matchEnd(SCALAR, text, at);
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const char = text[i];
    if (char === '"') i = matchEnd(STRING, text, i) - 1;
    else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") {
      depth--;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  if (pattern.test(text)) return pattern.lastIndex;
  throw new BarnacleError("INPUT_INVALID", "the JSON text is cut off");
}
