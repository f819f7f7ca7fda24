import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { messageOf } from "@barnacle/protocol/errors";
import { type Clock, sleep } from "@barnacle/protocol/runtime";
import type { Samples } from "../audio/index.ts";
import type { Availability } from "../availability.ts";
import type { Capture, CaptureEvents, CaptureSource } from "./supervised.ts";

export interface PvRecorderOptions {
  /** Index, name or part of a name in the list of devices; the system's default when absent. */
  readonly device?: number | string;
  /** Samples per frame; 1280 are 80 ms. */
  readonly frameLength?: number;
}

const DEFAULT_DEVICE = -1;
/** 80 ms, the step of openWakeWord: half the wake-ups of 40 ms, and no wake phrase is heard later for it. */
const DEFAULT_FRAME = 1280;
/** A read lasts a second at most when frames stop coming. */
const CLOSE_MS = 3000;
/** The worker holds one frame and a loop; without limits its heap may grow to that of a whole process. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };

type WorkerMessage =
  | { readonly kind: "frame"; readonly samples: Samples }
  | { readonly kind: "failed"; readonly reason: string };

/** Picovoice's recorder (miniaudio over PulseAudio or ALSA) in a worker thread. */
export class PvRecorderSource implements CaptureSource {
  readonly name = "pvrecorder";
  readonly #options: PvRecorderOptions;
  readonly #clock: Clock;

  constructor(options: PvRecorderOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  async availability(): Promise<Availability> {
    try {
      const devices = pvRecorderDevices();
      if (devices.length > 0) return { available: true, detail: devices.join(", ") };
      return { available: false, code: "HARDWARE_UNAVAILABLE", reason: "the system has no capture device" };
    } catch (error) {
      return { available: false, code: "LIBRARY_MISSING", reason: messageOf(error) };
    }
  }

  async open(events: CaptureEvents): Promise<Capture> {
    const stop = new SharedArrayBuffer(4);
    const { device = DEFAULT_DEVICE, frameLength = DEFAULT_FRAME } = this.#options;
    const worker = new Worker(new URL("pvrecorder-worker.mjs", import.meta.url), {
      workerData: { device, frameLength, stop },
      resourceLimits: WORKER_LIMITS,
      // A worker inherits flags such as a loader or coverage hook, which would be loaded again.
      execArgv: [],
    });
    let told = false;
    const lose = (reason: string): void => {
      if (told) return;
      told = true;
      events.lost(reason);
    };
    const ended = new Promise<void>((resolve) => {
      worker.once("exit", () => resolve());
    });
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "frame") events.frame(message.samples);
      else lose(message.reason);
    });
    worker.once("error", (error) => lose(messageOf(error)));
    worker.once("exit", () => lose("the recorder's thread ended"));
    return {
      close: async () => {
        told = true;
        Atomics.store(new Int32Array(stop), 0, 1);
        Atomics.notify(new Int32Array(stop), 0);
        // A thread stuck in a driver cannot be ended from outside; it is left behind rather than waited for.
        await Promise.race([ended, sleep(this.#clock, CLOSE_MS)]);
        worker.unref();
      },
    };
  }
}

/**
 * Names of the capture devices. Loads the library.
 * @throws whatever `require` throws on a processor the library does not know
 */
export function pvRecorderDevices(): string[] {
  const { PvRecorder } = createRequire(import.meta.url)("@picovoice/pvrecorder-node") as {
    PvRecorder: { getAvailableDevices(): string[] };
  };
  return PvRecorder.getAvailableDevices();
}
