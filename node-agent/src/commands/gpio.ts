import { BarnacleError } from "@barnacle/protocol/errors";
import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { Pins } from "../pins/index.ts";
import { type Command, command } from "./command.ts";

const LONGEST_PULSE_MS = 600_000;

const Line = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ minLength: 1, maxLength: 48 })], {
  description: "offset on the board's chip, or the name of the line",
});
const Level = Type.Unsafe<0 | 1>(Type.Union([Type.Literal(0), Type.Literal(1)]));

const MODES = {
  input: { direction: "in" },
  input_pullup: { direction: "in", bias: "pull-up" },
  input_pulldown: { direction: "in", bias: "pull-down" },
  output: { direction: "out" },
} as const;
type Mode = keyof typeof MODES;

/** Pins, by number or by name. Writing the same level twice is writing it once; a second pulse is a second pulse. */
export function gpioCommands(gpio: Pins | string): Command[] {
  const pins = (): Pins => gpio as Pins;
  const unavailable = (): string | undefined => (typeof gpio === "string" ? gpio : gpio.problem);
  return [
    command({
      spec: { name: "gpio.list", idempotent: true, summary: "configured pins with their values" },
      params: Type.Object({}),
      unavailable: () => (typeof gpio === "string" ? gpio : undefined),
      looksOnly: true,
      run: async () => ({ lines: pins().list() }),
    }),
    command({
      spec: { name: "gpio.read", idempotent: true, summary: "value of a pin; 1 means on" },
      params: Type.Object({ line: Line }),
      unavailable,
      looksOnly: true,
      run: ({ line }) => pins().read(line),
    }),
    command({
      spec: { name: "gpio.write", idempotent: true, summary: "switch a pin; 1 means on" },
      params: Type.Object({ line: Line, value: Level }),
      unavailable,
      run: ({ line, value }) => pins().write(line, value),
      already: async ({ line, value }) => {
        const seen = await pins().read(line);
        return seen.value === value ? seen : undefined;
      },
    }),
    command({
      spec: { name: "gpio.pulse", idempotent: false, summary: "set a pin for some milliseconds, then the other value" },
      params: Type.Object({
        line: Line,
        value: Type.Optional({ ...Level, default: 1 }),
        ms: Type.Integer({ minimum: 1, maximum: LONGEST_PULSE_MS }),
      }),
      unavailable,
      run: ({ line, value = 1, ms }) => pins().pulse(line, value, ms),
    }),
    command({
      spec: { name: "gpio.watch", idempotent: true, summary: "tell the hub of an input's edges, or no longer" },
      params: Type.Object({ line: Line, on: Type.Optional(Type.Boolean()) }),
      unavailable,
      run: async ({ line, on = true }) => pins().watch(line, on),
      already: async ({ line, on = true }) => (pins().watched(line) === on ? pins().watch(line, on) : undefined),
    }),
    command({
      spec: {
        name: "gpio.mode",
        idempotent: true,
        summary: "confirm how a pin is used; the configuration decides that",
      },
      params: Type.Object({ line: Line, mode: literals(Object.keys(MODES) as Mode[]) }),
      unavailable,
      looksOnly: true,
      run: async ({ line, mode }) => {
        const found = pins().state(line);
        const wanted: { readonly direction: string; readonly bias?: string } = MODES[mode];
        const fits = found?.direction === wanted.direction && (wanted.bias ?? found.bias) === found.bias;
        if (found && fits) return { line: found.line, mode };
        const is = found
          ? `an ${found.direction === "in" ? "input" : "output"}${found.bias === undefined ? "" : ` with bias ${found.bias}`}`
          : "not configured";
        throw new BarnacleError("COMMAND_PARAMS", `gpio.mode: line ${line} is ${is}`, {
          hint: "Pins are set up under gpio.lines in the node's configuration.",
        });
      },
    }),
    command({
      spec: { name: "gpio.pwm", idempotent: true, summary: "pulse a pin; percent of the time on" },
      params: Type.Object({ line: Line, percent: Type.Number({ minimum: 0, maximum: 100 }) }),
      unavailable,
      run: ({ line, percent }) => pins().pwm(line, percent),
    }),
  ];
}
