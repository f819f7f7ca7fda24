import type { LineConfig, LineRef } from "@barnacle/hardware/gpio";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { GpioLine, NodeFileConfig } from "@barnacle/protocol/node-config";
import { pinName } from "@barnacle/protocol/schema";

/**
 * The configured lines, checked for what the schema cannot see.
 * @throws CONFIG_INVALID naming a line or name that is there twice, or a setting that its direction does not have
 */
export function checkLines(lines: readonly GpioLine[]): void {
  const seen = new Map<LineRef, string>();
  const claim = (key: LineRef, given: GpioLine, what: string): void => {
    const before = seen.get(key);
    if (before !== undefined) throw invalid(given, `${what} is used twice, by ${before} as well`);
    seen.set(key, labelOf(given));
  };
  for (const given of lines) {
    const { line, name, chip, direction } = given;
    if (typeof line === "number") claim(`${chip ?? ""}/${line}`, given, "this line");
    else claim(pinName(line), given, `the line "${line}"`);
    if (name !== undefined && name !== line) claim(pinName(name), given, `the name "${name}"`);
    if (chip !== undefined && name === undefined) {
      throw invalid(given, "a line of another chip needs a name; it is asked for by that");
    }
    const foreign = direction === "in" ? OUTPUT_ONLY : INPUT_ONLY;
    const odd = foreign.find((key) => given[key] !== undefined);
    if (odd)
      throw invalid(
        given,
        `${odd} is for ${direction === "in" ? "outputs; this is an input" : "inputs; this is an output"}`,
      );
  }
}

const OUTPUT_ONLY = ["initial", "safe"] as const;
const INPUT_ONLY = ["debounceMs", "watch"] as const;

/** The line that is meant by an offset or a name. */
export function findLine(config: NodeFileConfig, ref: LineRef): GpioLine | undefined {
  if (typeof ref === "number") return config.gpio.lines.find(({ line, chip }) => line === ref && chip === undefined);
  const wanted = pinName(ref);
  return config.gpio.lines.find(({ line, name }) =>
    [line, name].some((known) => typeof known === "string" && pinName(known) === wanted),
  );
}

function labelOf({ line, name, chip }: LineConfig): string {
  return `${chip === undefined ? "" : `${chip}/`}${line}${name === undefined ? "" : ` (${name})`}`;
}

function invalid(given: GpioLine, problem: string): BarnacleError {
  return new BarnacleError("CONFIG_INVALID", `gpio.lines: ${labelOf(given)}: ${problem}`, {
    details: { line: given.line },
  });
}
