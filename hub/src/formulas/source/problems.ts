import { BarnacleError } from "@barnacle/protocol/errors";

/** Where something of a formula stands: its file, and the line of a key of it. */
export interface Origin {
  readonly file: string;
  /** Without a key: where the thing itself begins. */
  line(key?: string): number | undefined;
}

export interface FormulaProblem {
  readonly file: string;
  readonly line: number | undefined;
  readonly key: string;
  readonly expected: string;
}

/** Everything that is wrong, told at once. */
export class Problems {
  readonly #found: FormulaProblem[] = [];
  readonly #leftOut = new Set<string>();

  add(origin: Origin, key: string, expected: string, at?: string): void {
    const problem = { file: origin.file, line: origin.line(at), key, expected };
    if (this.#leftOut.has(placeOf(problem))) return;
    // A template that is used ten times is wrong once.
    if (!this.#found.some((known) => JSON.stringify(known) === JSON.stringify(problem))) this.#found.push(problem);
  }

  /** What follows from its absence is no problem of its own. */
  addLeftOut(origin: Origin, key: string, expected: string): void {
    this.add(origin, key, expected);
    this.#leftOut.add(placeOf({ file: origin.file, line: origin.line(), key, expected }));
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  list(): readonly FormulaProblem[] {
    return this.#found;
  }

  /** @throws FORMULA_INVALID with one line for each problem: file, line, key and what was expected */
  throwIfAny(): void {
    if (!this.any) return;
    const found = this.#found.toSorted((a, b) => (a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) : 0));
    const lines = found.map(
      ({ file, line, key, expected }) => `${file}${line === undefined ? "" : `:${line}`}: ${key}: ${expected}`,
    );
    throw new BarnacleError("FORMULA_INVALID", lines.join("\n"), { details: { problems: found } });
  }
}

/** Of what stands in no file. */
export function nowhere(file: string): Origin {
  return { file, line: () => undefined };
}

function placeOf({ file, line, key }: FormulaProblem): string {
  return JSON.stringify([file, line, key.split(".").at(-1)]);
}
