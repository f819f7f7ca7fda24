import type { JsonObject } from "./common.ts";

/**
 * The parameters of a `gpio.*` command in this house's words. OpenClaw's room nodes say `pin` and `level` where we say
 * `line` and `value`, and `name` is understood for a line too; whoever judges or carries out a command must see through
 * that. Others come back as they are.
 */
export function pinParams(command: string, params: JsonObject): JsonObject {
  if (!command.startsWith("gpio.") || !("pin" in params || "level" in params || "name" in params)) return params;
  const { pin, level, name, ...rest } = params;
  const line = pin ?? name;
  return {
    ...(line === undefined ? {} : { line }),
    ...(level === undefined ? {} : { value: typeof level === "boolean" ? Number(level) : level }),
    ...rest,
  };
}

/** What a `gpio.*` command gave, in the words that it was asked in. */
export function pinAnswer(command: string, params: JsonObject, answer: JsonObject): JsonObject {
  if (!command.startsWith("gpio.") || !("pin" in params || "level" in params) || !("line" in answer)) return answer;
  const { line, value, ...rest } = answer;
  return { pin: line, ...(value === undefined ? {} : { level: value }), ...rest };
}

/** Lines of a node as its manifest tells them, in the attributes of the capability `gpio`. */
export interface PinLine {
  readonly line: number | string;
  readonly name?: string;
  readonly kernelName?: string;
  readonly chip?: string;
}

/** What stands in a manifest's attributes as lines; what is none is left out. */
export function pinLines(attributes: JsonObject | undefined): PinLine[] {
  const lines: unknown = attributes?.lines;
  return Array.isArray(lines) ? lines.filter(isPinLine) : [];
}

/** One and the same text for one and the same line of a node, by whichever number or name it is asked for. */
export function pinKey(lines: readonly PinLine[], asked: unknown): string | undefined {
  if (typeof asked === "number") return `/${asked}`;
  if (typeof asked !== "string") return undefined;
  const wanted = pinName(asked);
  const found = lines.find(({ line, name, kernelName }) =>
    [name, kernelName, line].some((known) => typeof known === "string" && pinName(known) === wanted),
  );
  return found === undefined ? wanted : `${found.chip ?? ""}/${found.line}`;
}

function isPinLine(value: unknown): value is PinLine {
  const { line, name, kernelName, chip } = (value ?? {}) as Partial<Record<keyof PinLine, unknown>>;
  return (
    (typeof line === "number" || typeof line === "string") &&
    [name, kernelName, chip].every((text) => text === undefined || typeof text === "string")
  );
}

/** A name of a pin as it is compared: capitals and stray spaces do not matter. Node and hub must agree on it. */
export function pinName(name: string): string {
  return name.trim().replace(/\s+/g, " ").toLowerCase();
}
