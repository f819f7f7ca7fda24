import type { JsonObject } from "./common.ts";

/**
 * The parameters of a `gpio.*` command in this house's words. OpenClaw's room nodes say `pin` and `level` where we say
 * `line` and `value`; whoever judges or carries out a command must see through that. Others come back as they are.
 */
export function pinParams(command: string, params: JsonObject): JsonObject {
  if (!command.startsWith("gpio.") || !("pin" in params || "level" in params)) return params;
  const { pin, level, ...rest } = params;
  return {
    ...(pin === undefined ? {} : { line: pin }),
    ...(level === undefined ? {} : { value: typeof level === "boolean" ? Number(level) : level }),
    ...rest,
  };
}

/** What a `gpio.*` command gave, in the words that it was asked in. */
export function pinAnswer(command: string, params: JsonObject, answer: JsonObject): JsonObject {
  if (pinParams(command, params) === params || !("line" in answer)) return answer;
  const { line, value, ...rest } = answer;
  return { pin: line, ...(value === undefined ? {} : { level: value }), ...rest };
}
