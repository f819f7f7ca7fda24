import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, systemClock } from "@barnacle/protocol/runtime";
import { FakeGpio } from "./fake.ts";
import { NoGpio } from "./none.ts";
import type { GpioPort } from "./port.ts";
import { StateFile } from "./state-file.ts";

export const GPIO_DRIVERS = ["fake", "none"] as const;
export type GpioDriver = (typeof GPIO_DRIVERS)[number];

export interface GpioOptions {
  /** fake: a JSON file that mirrors the lines' states, for watchers in other processes. */
  readonly stateFile?: string;
  readonly clock?: Clock;
}

/** @throws ENGINE_UNKNOWN */
export function createGpio(driver: GpioDriver, options: GpioOptions = {}): GpioPort {
  switch (driver) {
    case "fake": {
      const file = options.stateFile === undefined ? undefined : new StateFile(options.stateFile);
      return new FakeGpio(options.clock ?? systemClock, file);
    }
    case "none":
      return new NoGpio();
    default:
      throw new BarnacleError("ENGINE_UNKNOWN", `GPIO driver "${driver}"; one of: ${GPIO_DRIVERS.join(", ")}`);
  }
}
