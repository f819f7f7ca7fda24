import { messageOf } from "@barnacle/protocol/errors";
import { LineCounter, parseDocument } from "yaml";
import type { Origin, Problems } from "./problems.ts";
import { parseToml } from "./toml.ts";

export type Path = readonly (string | number)[];

/** A file's content, and where its keys stand. */
export interface SourceDocument {
  readonly file: string;
  readonly value: unknown;
  /** The line of a key, or of the nearest one around it. */
  lineOf(path: Path): number | undefined;
}

/** Of what stands at `path`; keys below it are told apart by dots. */
export function originAt({ file, lineOf }: Pick<SourceDocument, "file" | "lineOf">, path: Path): Origin {
  const keys = (key: string) => key.split(".").map((one) => (/^\d+$/.test(one) ? Number(one) : one));
  return { file, line: (key) => lineOf(key === undefined ? path : [...path, ...keys(key)]) };
}

/** TOML, or JSON when the name ends with `.json`. Undefined: it is neither, and `problems` says where. */
export function parseSource(text: string, file: string, problems: Problems): SourceDocument | undefined {
  return file.endsWith(".json") ? parseJson(text, file, problems) : parseToml(text, file, problems);
}

function parseJson(text: string, file: string, problems: Problems): SourceDocument | undefined {
  // JSON is YAML, whose reader knows where things stand.
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "silent" });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const [message = ""] = messageOf(error).split(/,? (?:\.\.\.|in JSON at|".*" is not)/s);
    const at = document.errors[0]?.pos[0];
    const line = at === undefined ? undefined : lines.linePos(at).line;
    problems.add({ file, line: () => line }, "the file", `expected JSON: ${message}`);
    return undefined;
  }
  const lineOf = (path: Path) => {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  return { file, value, lineOf };
}
