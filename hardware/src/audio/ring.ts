import { BarnacleError } from "@barnacle/protocol/errors";
import type { Samples } from "./format.ts";

/**
 * The last few seconds of a stream, addressed by absolute sample position (the first sample ever written is 0), so
 * that what was said before a detection can still be read after it.
 */
export class SampleRing {
  readonly #buffer: Samples;
  #end = 0;

  /** @param capacity samples kept */
  constructor(capacity: number) {
    this.#buffer = new Int16Array(capacity);
  }

  get capacity(): number {
    return this.#buffer.length;
  }

  /** Position of the oldest sample still held. */
  get start(): number {
    return Math.max(0, this.#end - this.#buffer.length);
  }

  /** Position after the newest sample: the number of samples ever written. */
  get end(): number {
    return this.#end;
  }

  write(samples: Samples): void {
    const size = this.#buffer.length;
    const kept = samples.length > size ? samples.subarray(samples.length - size) : samples;
    const at = (this.#end + samples.length - kept.length) % size;
    const head = Math.min(kept.length, size - at);
    this.#buffer.set(kept.subarray(0, head), at);
    this.#buffer.set(kept.subarray(head), 0);
    this.#end += samples.length;
  }

  /**
   * A copy of the samples in [from, to). What is no longer held is left out at the front, what is not yet written at
   * the end, so the copy may be shorter than asked for, or empty.
   * @throws INPUT_INVALID when a position is not a whole number or `to` lies before `from`
   */
  read(from: number, to: number = Math.max(from, this.#end)): Samples {
    if (!Number.isInteger(from) || !Number.isInteger(to) || to < from) {
      throw new BarnacleError("INPUT_INVALID", `ring read from ${from} to ${to}: expected whole numbers, from <= to`);
    }
    const first = Math.max(from, this.start);
    const length = Math.max(0, Math.min(to, this.#end) - first);
    const out = new Int16Array(length);
    const size = this.#buffer.length;
    const at = first % size;
    const head = Math.min(length, size - at);
    out.set(this.#buffer.subarray(at, at + head));
    out.set(this.#buffer.subarray(0, length - head), head);
    return out;
  }

  /** Forgets the content and starts again at position 0. */
  reset(): void {
    this.#end = 0;
  }
}
