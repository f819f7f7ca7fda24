import { execFile } from "node:child_process";
import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { systemCode } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";

const SAMPLE_RATE = 16_000;
const FRAME_MS = 40;
const FRAME = (SAMPLE_RATE * FRAME_MS) / 1000;
/** More than this behind, sound is skipped rather than poured: a suspended laptop must not wake up to minutes of it. */
const MOST_BEHIND_MS = 1000;
const run = promisify(execFile);

interface Playing {
  readonly samples: Int16Array;
  at: number;
  readonly done: () => void;
}

/**
 * The air of the simulated room: a named pipe that carries near-silence at real pace, and a recording when one is played.
 * The node's microphone reads it through an ordinary recorder command, so that everything behind the pipe is the real thing.
 */
export class SimulatedRoom {
  readonly #pipe: string;
  readonly #clock: Clock;
  #fd: number | undefined;
  #cancel: () => void = () => undefined;
  #queue: Playing[] = [];
  #started = 0;
  #sent = 0;
  #noise = 1;

  constructor(options: { readonly pipe: string; readonly clock: Clock }) {
    this.#pipe = options.pipe;
    this.#clock = options.clock;
  }

  /** What the node's config has as `microphone.command`. */
  get recorder(): readonly string[] {
    return ["cat", this.#pipe];
  }

  async start(): Promise<void> {
    rmSync(this.#pipe, { force: true });
    await run("mkfifo", ["-m", "600", this.#pipe]);
    // Opened for both directions: neither side then waits for the other, and a node that restarts finds the pipe again.
    this.#fd = openSync(this.#pipe, constants.O_RDWR | constants.O_NONBLOCK);
    this.#started = this.#clock.monotonic();
    this.#cancel = this.#clock.every(FRAME_MS / 2, () => this.#step());
  }

  async stop(): Promise<void> {
    this.#cancel();
    if (this.#fd !== undefined) {
      closeSync(this.#fd);
      rmSync(this.#pipe, { force: true });
    }
    this.#fd = undefined;
    for (const playing of this.#queue.splice(0)) playing.done();
  }

  /** Resolves when the last sample has been heard. */
  play(samples: Int16Array): Promise<void> {
    return new Promise((done) => this.#queue.push({ samples, at: 0, done }));
  }

  #step(): void {
    if (this.#fd === undefined) return;
    const now = this.#clock.monotonic();
    if (now - this.#started - this.#sent > MOST_BEHIND_MS) this.#started = now - this.#sent - FRAME_MS;
    while (this.#started + this.#sent + FRAME_MS <= now) {
      this.#write(this.#fd, this.#frame());
      this.#sent += FRAME_MS;
    }
  }

  #write(fd: number, frame: Int16Array): void {
    try {
      writeSync(fd, new Uint8Array(frame.buffer));
    } catch (error) {
      // The pipe is full because nobody reads: the sound passes unheard, as it does in an empty room.
      if (systemCode(error) !== "EAGAIN") throw error;
    }
  }

  #frame(): Int16Array {
    const frame = Int16Array.from({ length: FRAME }, () => this.#hiss());
    let filled = 0;
    for (let playing = this.#queue[0]; playing && filled < FRAME; playing = this.#queue[0]) {
      const part = playing.samples.subarray(playing.at, playing.at + FRAME - filled);
      frame.set(part, filled);
      filled += part.length;
      playing.at += part.length;
      if (playing.at < playing.samples.length) break;
      this.#queue.shift();
      playing.done();
    }
    return frame;
  }

  /** One or two steps of the converter up or down, as an idle microphone gives; the same in every run. */
  #hiss(): number {
    this.#noise = (Math.imul(this.#noise, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#noise >>> 29) - 4;
  }
}
