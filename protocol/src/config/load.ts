import { readFileSync } from "node:fs";
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { LineCounter, parseDocument } from "yaml";
import { BarnacleError, messageOf } from "../errors/index.ts";
import { validator } from "../schema/validator.ts";

/**
 * Reads one YAML file against one schema. The schema gives the defaults; objects in it should set
 * `additionalProperties: false` so that a misspelt key is named. An absent path gives the defaults alone.
 * @throws FILE_UNREADABLE, CONFIG_INVALID naming file, line, key and what was expected (every problem, not only the first)
 */
export function loadConfig<T extends TSchema>(schema: T, file: string | undefined): Static<T> {
  return file === undefined ? parseConfig(schema, "", "built-in defaults") : parseConfig(schema, readText(file), file);
}

/** As `loadConfig`, from text; `where` names it in errors. */
export function parseConfig<T extends TSchema>(schema: T, text: string, where: string): Static<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new BarnacleError("CONFIG_INVALID", `${where}:${line}:${col}: not YAML: ${broken.message}`, {
      details: { file: where, line },
    });
  }
  const given: unknown = document.toJS() ?? {};
  const value = Value.Default(schema, Value.Clone(given));
  const check = validator(schema);
  if (check.check(value)) return value;
  const problems = check.problems(value).map((problem) => {
    const keys = problem.path
      .split("/")
      .slice(1)
      .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    const line = lineOf(keys);
    const key = keys.length === 0 ? "the file" : keys.join(".");
    return { file: where, line, key, expected: problem.expected };
  });
  const text2 = problems.map((p) => `${p.file}:${p.line ?? 1}: ${p.key}: ${p.expected}`).join("\n");
  throw new BarnacleError("CONFIG_INVALID", text2, { details: { problems } });

  function lineOf(keys: string[]): number | undefined {
    for (let depth = keys.length; depth > 0; depth--) {
      const path = keys.slice(0, depth).map((key) => (/^\d+$/.test(key) ? Number(key) : key));
      const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new BarnacleError("FILE_UNREADABLE", `config file ${file}: ${messageOf(error)}`, { cause: error });
  }
}
