import { BarnacleError } from "@barnacle/protocol/errors";
import { pinName } from "@barnacle/protocol/schema";
import type { LineConfig, LineRef } from "./port.ts";

/** The configured lines of a driver, found by offset or by name. */
export class LineBook<T extends { readonly config: LineConfig }> {
  readonly #lines: readonly T[];
  readonly #known = new Map<LineRef, T>();
  /** Offset of a line that is configured by the kernel's name, once it is known. */
  readonly #offset: (line: T) => number | undefined;

  /** @throws CONFIG_INVALID for a line, or a name, that is there twice */
  constructor(lines: readonly T[], offset: (line: T) => number | undefined = () => undefined) {
    this.#lines = lines;
    this.#offset = offset;
    for (const line of lines) {
      const { line: ref, chip, name } = line.config;
      if (name !== undefined) this.#add(pinName(name), line, `the name "${name}"`);
      if (typeof ref === "string") {
        if (name === undefined || pinName(name) !== pinName(ref)) this.#add(pinName(ref), line, `"${ref}"`);
      } else if (chip === undefined) this.#add(ref, line, `${ref}`);
    }
  }

  get all(): readonly T[] {
    return this.#lines;
  }

  /** @throws COMMAND_PARAMS */
  find(ref: LineRef): T {
    const key = typeof ref === "string" ? pinName(ref) : ref;
    const found =
      this.#known.get(key) ??
      (typeof key === "number"
        ? this.#lines.find((line) => line.config.chip === undefined && this.#offset(line) === key)
        : undefined);
    if (found) return found;
    const known = this.#lines.map(({ config }) => labelOf(config)).join(", ") || "none";
    throw new BarnacleError("COMMAND_PARAMS", `GPIO line ${quoted(ref)} is not configured; configured: ${known}`);
  }

  /** @throws COMMAND_PARAMS */
  output(ref: LineRef): T {
    const found = this.find(ref);
    if (found.config.direction === "out") return found;
    throw new BarnacleError("COMMAND_PARAMS", `GPIO line ${quoted(ref)} is an input; it can only be read`);
  }

  #add(key: LineRef, line: T, what: string): void {
    if (this.#known.has(key)) throw new BarnacleError("CONFIG_INVALID", `GPIO line ${what} is configured twice`);
    this.#known.set(key, line);
  }
}

/** `17`, `17 (lamp)`, `gpio-expander/3 (fan)`. */
export function labelOf({ line, name, chip }: LineConfig): string {
  return `${chip === undefined ? "" : `${chip}/`}${line}${name === undefined ? "" : ` (${name})`}`;
}

/** @throws COMMAND_PARAMS */
export function checkValue(value: unknown): void {
  if (value === 0 || value === 1) return;
  throw new BarnacleError("COMMAND_PARAMS", `GPIO value is ${String(value)}, expected 0 or 1`);
}

/** @throws COMMAND_PARAMS */
export function checkDuty(duty: unknown): void {
  if (typeof duty === "number" && duty >= 0 && duty <= 1) return;
  throw new BarnacleError("COMMAND_PARAMS", `GPIO duty is ${String(duty)}, expected 0 to 1`);
}

function quoted(ref: LineRef): string {
  return typeof ref === "string" ? `"${ref}"` : `${ref}`;
}
