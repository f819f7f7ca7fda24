import { BarnacleError } from "@barnacle/protocol/errors";

/** What stood behind the `?` of an address, read member by member; what nobody read is refused. */
export class Query {
  readonly #given: ReadonlyMap<string, string>;
  readonly #read = new Set<string>();

  constructor(query: unknown) {
    this.#given = new Map(
      Object.entries((query ?? {}) as Record<string, unknown>).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(",") : String(value),
      ]),
    );
  }

  text(name: string): string | undefined {
    this.#read.add(name);
    const value = this.#given.get(name);
    return value === "" ? undefined : value;
  }

  /** @throws INPUT_INVALID */
  flag(name: string): boolean {
    const value = this.text(name);
    if (value === undefined || value === "0" || value === "false") return false;
    if (value === "1" || value === "true") return true;
    throw new BarnacleError("INPUT_INVALID", `${name}: expected 1 or 0, got ${value.slice(0, 40)}`);
  }

  /** @throws INPUT_INVALID */
  number(name: string, fallback: number, most: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = Number(value);
    if (Number.isInteger(number) && number >= 0 && number <= most) return number;
    throw new BarnacleError(
      "INPUT_INVALID",
      `${name}: expected a whole number up to ${most}, got ${value.slice(0, 40)}`,
    );
  }

  /** @throws INPUT_INVALID naming what there is, when something was given that nobody asked for */
  end(): void {
    const strange = [...this.#given.keys()].filter((name) => !this.#read.has(name));
    if (strange.length === 0) return;
    const known = [...this.#read].sort().join(", ") || "none";
    throw new BarnacleError("INPUT_INVALID", `${strange[0]?.slice(0, 40)}: no such parameter; there are: ${known}`);
  }
}
