import { BarnacleError } from "@barnacle/protocol/errors";
import type { Availability } from "../availability.ts";
import type { GpioPort, LineConfig } from "./port.ts";

const REASON = "GPIO is switched off in the configuration";

/** A board without pins, or one that should not touch them. */
export class NoGpio implements GpioPort {
  readonly name = "none";

  async availability(): Promise<Availability> {
    return { available: false, code: "HARDWARE_UNAVAILABLE", reason: REASON };
  }

  /** @throws HARDWARE_UNAVAILABLE when lines are configured all the same */
  async open(lines: readonly LineConfig[]): Promise<void> {
    if (lines.length > 0) throw refusal();
  }

  async read(): Promise<0 | 1> {
    throw refusal();
  }

  async write(): Promise<void> {
    throw refusal();
  }

  async pwm(): Promise<void> {
    throw refusal();
  }

  list(): readonly [] {
    return [];
  }

  onEdge(): () => void {
    return () => {};
  }

  onChange(): () => void {
    return () => {};
  }

  async close(): Promise<void> {}
}

function refusal(): BarnacleError {
  return new BarnacleError("HARDWARE_UNAVAILABLE", REASON);
}
