/**
 * Follows the framing of an MQTT byte stream and finds a packet that announces more bytes than allowed before they are
 * buffered; aedes itself has no limit. Source: MQTT 3.1.1, 2.2.3 remaining length.
 */
export class FrameGuard {
  #limit: number;
  #skip = 0;
  /** Bytes of the remaining length read so far; -1: the next byte is a packet type. */
  #lengthBytes = -1;
  #length = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  raise(limitBytes: number): void {
    this.#limit = limitBytes;
  }

  /** False once a packet is too large or its length is not one. */
  accept(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      const byte = chunk[at++] as number;
      if (this.#lengthBytes < 0) {
        this.#lengthBytes = 0;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
      this.#lengthBytes += 1;
      if (byte >= 0x80) {
        if (this.#lengthBytes === 4) return false;
        continue;
      }
      if (this.#length > this.#limit) return false;
      this.#skip = this.#length;
      this.#lengthBytes = -1;
    }
    return true;
  }
}
