import { messageOf } from "@barnacle/protocol/errors";
import { type AST, getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import type { Path, SourceDocument } from "./document.ts";
import { nowhere, type Problems } from "./problems.ts";

/** The reader that keeps places, so that what is wrong with a value is said with its line. */
export function parseToml(text: string, file: string, problems: Problems): SourceDocument | undefined {
  try {
    const ast = parseTOML(text);
    const lines = new Map<string, number>();
    for (const node of ast.body[0].body) {
      if (node.type === "TOMLKeyValue") note(lines, [], node);
      else {
        mark(lines, node.resolvedKey, node.loc.start.line);
        for (const inner of node.body) note(lines, node.resolvedKey, inner);
      }
    }
    return { file, value: getStaticTOMLValue(ast), lineOf: (path) => nearest(lines, path) };
  } catch (error) {
    const line = error instanceof ParseError ? error.lineNumber : undefined;
    const message = messageOf(error);
    problems.add(
      line === undefined ? nowhere(file) : { file, line: () => line },
      "the file",
      `expected TOML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`,
    );
    return undefined;
  }
}

function note(lines: Map<string, number>, prefix: Path, { key, value }: AST.TOMLKeyValue): void {
  const names = key.keys.map((one) => (one.type === "TOMLBare" ? one.name : one.value));
  for (let depth = 1; depth <= names.length; depth++) {
    mark(lines, [...prefix, ...names.slice(0, depth)], key.loc.start.line);
  }
  noteValue(lines, [...prefix, ...names], value);
}

function noteValue(lines: Map<string, number>, path: Path, value: AST.TOMLContentNode): void {
  if (value.type === "TOMLArray") {
    for (const [i, element] of value.elements.entries()) {
      mark(lines, [...path, i], element.loc.start.line);
      noteValue(lines, [...path, i], element);
    }
  } else if (value.type === "TOMLInlineTable") for (const inner of value.body) note(lines, path, inner);
}

function mark(lines: Map<string, number>, path: Path, line: number): void {
  const key = JSON.stringify(path);
  if (!lines.has(key)) lines.set(key, line);
}

function nearest(lines: ReadonlyMap<string, number>, path: Path): number {
  for (let depth = path.length; depth > 0; depth--) {
    const line = lines.get(JSON.stringify(path.slice(0, depth)));
    if (line !== undefined) return line;
  }
  return 1;
}
