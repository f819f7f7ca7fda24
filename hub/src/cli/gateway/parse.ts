import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import { isObject } from "./wire.ts";

/** Parameters given on the command line. @throws USAGE */
export function jsonObject(text: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BarnacleError("USAGE", `${what} is not JSON: ${messageOf(error)}`, {
      hint: `Quote it for the shell: '{"line": 17, "value": true}'`,
    });
  }
  if (isObject(value)) return value;
  throw new BarnacleError("USAGE", `${what} must be a JSON object such as {"line": 17, "value": true}`);
}

/** @throws USAGE */
export function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new BarnacleError("USAGE", `"${text}" is no whole number`);
}

/** @throws USAGE */
export function port(text: string): number {
  const value = count(text);
  if (value <= 65_535) return value;
  throw new BarnacleError("USAGE", `"${text}" is no port; expected 0 to 65535`);
}
