import { BarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";

const MAX_LINE = 1024 * 1024;

/** Objects, one a line, out of a stream of text. */
export class JsonLines {
  readonly #onLine: (line: JsonObject) => void;
  #rest = "";

  constructor(onLine: (line: JsonObject) => void) {
    this.#onLine = onLine;
  }

  /** @returns what was wrong with the first bad line, if there was one */
  feed(text: string): BarnacleError | undefined {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > MAX_LINE) return bad("a line is longer than a megabyte");
    for (const line of lines) {
      const problem = this.#take(line);
      if (problem) return problem;
    }
    return undefined;
  }

  /** The last line may lack its end. */
  end(): BarnacleError | undefined {
    const rest = this.#rest;
    this.#rest = "";
    return this.#take(rest);
  }

  #take(line: string): BarnacleError | undefined {
    if (line.trim() === "") return undefined;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return bad(`expected a JSON object a line, got ${line.slice(0, 60)}`);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return bad("a line is not a JSON object");
    this.#onLine(value as JsonObject);
    return undefined;
  }
}

function bad(text: string): BarnacleError {
  return new BarnacleError("AGENT_PROGRAM", `the program that answers failed: ${text}`);
}
