import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

/** Flags that every subcommand understands. */
export const COMMON = {
  config: { type: "string", short: "c" },
  "state-dir": { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const satisfies ParseArgsOptionsConfig;

/** `parseArgs`, strict, with the family's error. @throws USAGE */
export function parseFlags<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new BarnacleError("USAGE", messageOf(error), { hint: "Run barnacle-node --help.", cause: error });
  }
}

/** @throws USAGE */
export function noMoreArguments(positionals: readonly string[]): void {
  const [extra] = positionals;
  if (extra !== undefined) {
    throw new BarnacleError("USAGE", `unexpected argument "${extra}"`, { hint: "Run barnacle-node --help." });
  }
}
