import { messageOf } from "@barnacle/protocol/errors";
import type { Log, Random } from "@barnacle/protocol/runtime";
import type { Commands, Devices, Principal } from "../services.ts";
import type { Stoppable } from "./estop.ts";
import { STOPPER } from "./harmless.ts";

export interface SafeOutputsOptions {
  readonly devices: Pick<Devices, "list">;
  readonly commands: Commands;
  readonly random: Random;
  readonly log: Log;
}

interface Line {
  readonly line: number | string;
  readonly name?: string;
  readonly direction?: string;
  readonly safe?: 0 | 1;
}

const TIMEOUT_MS = 5_000;

/**
 * Drives the outputs of connected nodes to the safe values that they declare (`gpio.lines[].safe`), through the one door and
 * in a name of its own, the only one that may move anything while the stop holds. What is not connected does so by itself
 * when its hub is away (`gpio.safeAfterS`).
 */
export class SafeOutputs implements Stoppable {
  readonly name = "outputs";
  readonly #options: SafeOutputsOptions;

  constructor(options: SafeOutputsOptions) {
    this.#options = options;
  }

  async freeze(): Promise<readonly string[]> {
    const { devices } = this.#options;
    const able = devices.list().filter(({ online, blocked, manifest }) => {
      const offered = new Set(manifest?.commands.map(({ name }) => name));
      return online && !blocked && offered.has("gpio.list") && offered.has("gpio.write");
    });
    const driven = await Promise.all(able.map(({ deviceId, displayName }) => this.#make(deviceId, displayName)));
    return driven.flat();
  }

  /** Nobody knows what an output is to be now: it stays as it is. */
  async release(): Promise<readonly string[]> {
    return [];
  }

  async #make(deviceId: string, displayName: string): Promise<string[]> {
    const { log } = this.#options;
    try {
      const { payload } = await this.#invoke(deviceId, "gpio.list", {});
      const lines = (payload.lines ?? []) as readonly Line[];
      const outputs = lines.filter(({ direction, safe }) => direction === "out" && safe !== undefined);
      const names = await Promise.all(
        outputs.map(async ({ line, name, safe }) => {
          const label = `${displayName}: ${name ?? line}`;
          try {
            await this.#invoke(deviceId, "gpio.write", { line: name ?? line, value: safe as number });
            return label;
          } catch (error) {
            log.error({ deviceId, line, error: messageOf(error) }, "emergency stop: an output was not made safe");
            return `${label} (not made safe: ${messageOf(error)})`;
          }
        }),
      );
      return names;
    } catch (error) {
      log.error({ deviceId, error: messageOf(error) }, "emergency stop: a node's outputs were not made safe");
      return [`${displayName} (not made safe: ${messageOf(error)})`];
    }
  }

  #invoke(deviceId: string, command: string, params: Record<string, string | number>) {
    const principal: Principal = STOPPER;
    const idempotencyKey = `emergency-stop-${this.#options.random.uuid()}`;
    return this.#options.commands.invoke({
      ...{ deviceId, command, params, idempotencyKey, principal },
      timeoutMs: TIMEOUT_MS,
    });
  }
}
