import type { Samples } from "../audio/index.ts";
import type { Availability } from "../availability.ts";
import type { Microphone, MicrophoneListener } from "./port.ts";

/** A microphone in the test's hand: frames, loss and return happen when told. */
export class FakeMicrophone implements Microphone {
  readonly name = "fake";
  #listener: MicrophoneListener | undefined;
  #running = false;

  get started(): boolean {
    return this.#listener !== undefined;
  }

  async availability(): Promise<Availability> {
    return { available: true };
  }

  async start(listener: MicrophoneListener): Promise<void> {
    this.#listener = listener;
    listener.status({ state: "starting" });
  }

  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#running = false;
    listener?.status({ state: "stopped" });
  }

  /** Delivers samples; the first after `start` or a loss makes the state `running`. Nothing happens while stopped. */
  push(samples: Samples): void {
    if (!this.#running) this.restore();
    this.#listener?.frame(samples);
  }

  lose(reason = "unplugged"): void {
    this.#running = false;
    this.#listener?.status({ state: "lost", reason });
  }

  restore(): void {
    if (!this.#listener) return;
    this.#running = true;
    this.#listener.status({ state: "running" });
  }

  end(): void {
    this.#running = false;
    this.#listener?.status({ state: "ended" });
  }
}
