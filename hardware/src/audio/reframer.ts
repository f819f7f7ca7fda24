import type { Samples } from "./format.ts";

/** Cuts a stream of blocks of any length into frames of one length. Samples left over wait for the next block. */
export class Reframer {
  readonly #frame: Samples;
  #filled = 0;

  constructor(frameLength: number) {
    this.#frame = new Int16Array(frameLength);
  }

  /** Samples that wait for a full frame. */
  get pending(): number {
    return this.#filled;
  }

  /**
   * The full frames that `block` completes, in order. Each is a view of one shared buffer that is only good until the
   * next frame is asked for: copy it to keep it.
   */
  *push(block: Samples): Generator<Samples, void> {
    const frame = this.#frame;
    for (let at = 0; at < block.length; ) {
      const take = Math.min(frame.length - this.#filled, block.length - at);
      frame.set(block.subarray(at, at + take), this.#filled);
      this.#filled += take;
      at += take;
      if (this.#filled < frame.length) return;
      this.#filled = 0;
      yield frame;
    }
  }

  reset(): void {
    this.#filled = 0;
  }
}
