import type { Samples } from "@barnacle/hardware/audio";
import type { Microphone, MicrophoneStatus } from "@barnacle/hardware/microphone";
import { messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { Counters } from "../telemetry/counters.ts";

export interface EarsListener {
  frame(samples: Samples): void;
  status(status: MicrophoneStatus & { readonly muted: boolean }): void;
}

export interface EarsParts {
  readonly microphone: Microphone;
  readonly counters: Counters;
  readonly muted: boolean;
}

/**
 * The microphone behind its mute switch. Muted means that the device is closed and that no frame passes, not even one
 * that was already on its way. Opening again means opening the device anew: what its driver held meanwhile is gone.
 */
export class Ears implements Unit {
  readonly #parts: EarsParts;
  #listener: EarsListener | undefined;
  #muted: boolean;
  #status: MicrophoneStatus = { state: "stopped" };
  #started = false;
  /** Grows with each closing; a frame of an earlier opening never passes. */
  #opening = 0;
  #opened: number | undefined;
  #switching: Promise<void> = Promise.resolve();

  constructor(parts: EarsParts) {
    this.#parts = parts;
    this.#muted = parts.muted;
  }

  get name(): string {
    return this.#parts.microphone.name;
  }

  get muted(): boolean {
    return this.#muted;
  }

  get status(): MicrophoneStatus {
    return this.#status;
  }

  listen(listener: EarsListener): void {
    this.#listener = listener;
  }

  async start(): Promise<void> {
    this.#started = true;
    await this.#apply();
  }

  async stop(): Promise<void> {
    this.#started = false;
    await this.#apply();
  }

  /** Takes effect for the very next frame; resolves when the device is closed, or open again. */
  async mute(muted: boolean): Promise<void> {
    if (this.#muted === muted) return;
    this.#muted = muted;
    if (muted) this.#opening += 1;
    this.#listener?.status({ ...this.#status, muted });
    await this.#apply();
  }

  /** Resolves when the device is closed, or open again, as was wished last. */
  settled(): Promise<void> {
    return this.#switching;
  }

  /** Opening and closing never overlap; the last wish wins, but what was open before a mute is closed in any case. */
  #apply(): Promise<void> {
    this.#switching = this.#switching.then(async () => {
      const wanted = (): boolean => this.#started && !this.#muted;
      if (this.#opened !== undefined && (!wanted() || this.#opened !== this.#opening)) {
        await this.#parts.microphone.stop();
        this.#opened = undefined;
        this.#report({ state: "stopped" });
      }
      if (this.#opened === undefined && wanted()) await this.#open();
    });
    return this.#switching;
  }

  async #open(): Promise<void> {
    const opening = this.#opening;
    this.#opened = opening;
    this.#report({ state: "starting" });
    try {
      await this.#parts.microphone.start({
        frame: (samples) => {
          if (this.#muted || !this.#started || opening !== this.#opening) return;
          this.#parts.counters.add("frames");
          this.#listener?.frame(samples);
        },
        status: (status) => this.#report(status),
      });
    } catch (error) {
      this.#report({ state: "lost", reason: messageOf(error) });
    }
  }

  #report(status: MicrophoneStatus): void {
    if (this.#status.state === status.state && this.#status.reason === status.reason) return;
    this.#status = status;
    this.#listener?.status({ ...status, muted: this.#muted });
  }
}
