import type { GpioPort } from "@barnacle/hardware/gpio";
import { BarnacleError } from "@barnacle/protocol/errors";
import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { type Command, command } from "./command.ts";

const Line = Type.Integer({ minimum: 0, description: "offset on the chip" });
const Level = Type.Unsafe<0 | 1>(Type.Union([Type.Literal(0), Type.Literal(1)]));

/** Pins. All are idempotent: writing the same level twice is writing it once. */
export function gpioCommands(gpio: GpioPort | string): Command[] {
  const port = (): GpioPort => gpio as GpioPort;
  const unavailable = (): string | undefined => (typeof gpio === "string" ? gpio : undefined);
  return [
    command({
      spec: { name: "gpio.list", idempotent: true, summary: "configured pins with their values" },
      params: Type.Object({}),
      unavailable,
      looksOnly: true,
      run: async () => ({ lines: port().list() }),
    }),
    command({
      spec: { name: "gpio.read", idempotent: true, summary: "value of a pin; 1 means on" },
      params: Type.Object({ line: Line }),
      unavailable,
      looksOnly: true,
      run: async ({ line }) => ({ line, value: await port().read(line) }),
    }),
    command({
      spec: { name: "gpio.write", idempotent: true, summary: "switch a pin; 1 means on" },
      params: Type.Object({ line: Line, value: Level }),
      unavailable,
      run: async ({ line, value }) => {
        await port().write(line, value);
        return { line, value };
      },
      already: async ({ line, value }) => ((await port().read(line)) === value ? { line, value } : undefined),
    }),
    command({
      spec: {
        name: "gpio.mode",
        idempotent: true,
        summary: "confirm how a pin is used; the configuration decides that",
      },
      params: Type.Object({ line: Line, mode: literals(["input", "output"] as const) }),
      unavailable,
      looksOnly: true,
      run: async ({ line, mode }) => {
        const found = port()
          .list()
          .find((one) => one.line === line);
        const is = found && (found.direction === "in" ? "input" : "output");
        if (is === mode) return { line, mode };
        throw new BarnacleError("COMMAND_PARAMS", `gpio.mode: line ${line} is ${is ? `an ${is}` : "not configured"}`, {
          hint: "Pins are set up under gpio.lines in the node's configuration.",
        });
      },
    }),
    command({
      spec: { name: "gpio.pwm", idempotent: true, summary: "pulse a pin; percent of the time on" },
      params: Type.Object({ line: Line, percent: Type.Number({ minimum: 0, maximum: 100 }) }),
      unavailable,
      run: async ({ line, percent }) => {
        await port().pwm(line, percent / 100);
        return { line, percent };
      },
    }),
  ];
}
