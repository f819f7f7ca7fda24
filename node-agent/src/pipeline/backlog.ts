import type { Samples } from "@barnacle/hardware/audio";

export interface Frame {
  readonly samples: Samples;
  /** Monotonic time at which it came. */
  readonly at: number;
}

/** Frames that wait for the engines, the oldest given up when there are too many. */
export class Backlog {
  readonly #limit: number;
  #frames: Frame[] = [];
  #samples = 0;

  /** @param limit in samples */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get empty(): boolean {
    return this.#frames.length === 0;
  }

  /** @returns how many frames had to go */
  push(frame: Frame): number {
    this.#frames.push(frame);
    this.#samples += frame.samples.length;
    let gone = 0;
    for (; this.#samples > this.#limit; gone++) this.take();
    return gone;
  }

  take(): Frame | undefined {
    const frame = this.#frames.shift();
    if (frame) this.#samples -= frame.samples.length;
    return frame;
  }

  clear(): void {
    this.#frames = [];
    this.#samples = 0;
  }
}
