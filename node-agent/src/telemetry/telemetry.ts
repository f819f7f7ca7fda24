import type { BoardMonitor } from "@barnacle/hardware/board";
import type { LineState } from "@barnacle/hardware/gpio";
import type { MicrophoneStatus } from "@barnacle/hardware/microphone";
import { messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import type { BoardTelemetry } from "@barnacle/protocol/schema";
import { AGENT_VERSION } from "../version.ts";
import type { Counters } from "./counters.ts";
import { LoopDelay } from "./loop-delay.ts";

/** Reports of many nodes must not come in step. */
const JITTER = 0.1;
const MOST_PINS = 64;

export interface TelemetryParts {
  readonly board: BoardMonitor;
  readonly microphone: () => MicrophoneStatus | undefined;
  /** Why what happens is kept in memory only; undefined: it is on disk. */
  readonly storage: () => string | undefined;
  /** Pins as they are now. */
  readonly pins: () => readonly LineState[];
  readonly counters: Counters;
  readonly intervalMs: number;
  readonly publish: (sample: BoardTelemetry) => Promise<void>;
  readonly connected: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Board health every few seconds; nothing is kept for later, an old reading is worth nothing. */
export class Telemetry implements Unit {
  readonly #parts: TelemetryParts;
  readonly #loopDelay = new LoopDelay();
  #cancel: (() => void) | undefined;

  constructor(parts: TelemetryParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#loopDelay.start();
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#loopDelay.stop();
  }

  /** A reading taken now. */
  async sample(): Promise<BoardTelemetry> {
    const { board, microphone, storage, pins, counters } = this.#parts;
    const gpio = pins().slice(0, MOST_PINS);
    const problem = storage();
    const status = microphone();
    const loopDelayMs = this.#loopDelay.take();
    return {
      ...(await board.sample()),
      ...(status === undefined ? {} : { microphone: { ...status } }),
      ...(gpio.length === 0 ? {} : { gpio: gpio.map(pinOf) }),
      agentVersion: AGENT_VERSION,
      storage: problem === undefined ? { writable: true } : { writable: false, reason: problem },
      counters: counters.all(),
      ...(loopDelayMs === undefined ? {} : { loopDelayMs }),
    };
  }

  #schedule(): void {
    const { clock, random, intervalMs } = this.#parts;
    const pause = intervalMs * (1 - JITTER + 2 * JITTER * random.unit());
    this.#cancel = clock.after(pause, () => {
      this.#schedule();
      void this.#report();
    });
  }

  async #report(): Promise<void> {
    if (!this.#parts.connected()) return;
    try {
      await this.#parts.publish(await this.sample());
    } catch (error) {
      this.#parts.log.debug({ reason: messageOf(error) }, "telemetry not sent");
    }
  }
}

function pinOf({ line, name, value }: LineState) {
  return { line, ...(name === undefined ? {} : { name }), ...(value === undefined ? {} : { value }) };
}
