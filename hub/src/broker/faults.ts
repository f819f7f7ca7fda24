import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { Counters } from "../services.ts";

const LOG_PAUSE_MS = 60_000;

/** Counts what nodes do wrong, per device and in total, and logs each kind of fault of a device once per minute. */
export class Faults {
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #byDevice = new Map<string, Map<string, number>>();
  readonly #logged = new Map<string, number>();

  constructor(options: { counters: Counters; clock: Clock; log: Log }) {
    this.#counters = options.counters;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** @param kind `malformed.turn`, `violation.publish`, … */
  note(deviceId: string, kind: string, problem: string): void {
    this.#counters.add(`mqtt.${kind}`);
    const counts = this.#byDevice.get(deviceId) ?? new Map<string, number>();
    this.#byDevice.set(deviceId, counts);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const key = `${deviceId} ${kind}`;
    const last = this.#logged.get(key);
    if (last !== undefined && this.#clock.monotonic() - last < LOG_PAUSE_MS) return;
    this.#logged.set(key, this.#clock.monotonic());
    this.#log.warn({ deviceId, kind, problem, count: counts.get(kind) }, "a node sent something that is not accepted");
  }

  /** By kind; empty when the device did nothing wrong since the start. */
  of(deviceId: string): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byDevice.get(deviceId) ?? []);
  }

  forget(deviceId: string): void {
    this.#byDevice.delete(deviceId);
    for (const key of this.#logged.keys()) if (key.startsWith(`${deviceId} `)) this.#logged.delete(key);
  }
}
