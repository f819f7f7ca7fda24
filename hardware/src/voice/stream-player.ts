import { parseWav } from "../audio/wav.ts";
import type { Availability } from "../availability.ts";
import { programAvailability, type Running, run, type Spawn } from "./command.ts";
import type { Player, Sound } from "./port.ts";

export type StreamProgram = "pacat" | "aplay";

export interface StreamPlayerOptions {
  readonly spawn: Spawn;
  /** A PulseAudio sink or an ALSA device; the system's default when absent. */
  readonly device?: string;
}

/** The command line of each program for raw 16-bit samples on standard input. */
const ARGUMENTS: Readonly<Record<StreamProgram, (sound: Sound, device: string | undefined) => string[]>> = {
  pacat: (sound, device) => [
    "--playback",
    "--raw",
    "--format=s16le",
    `--rate=${sound.sampleRate}`,
    `--channels=${sound.channels}`,
    "--client-name=barnacle",
    ...(device === undefined ? [] : [`--device=${device}`]),
  ],
  aplay: (sound, device) => [
    "-q",
    "-t",
    "raw",
    "-f",
    "S16_LE",
    "-r",
    String(sound.sampleRate),
    "-c",
    String(sound.channels),
    ...(device === undefined ? [] : ["-D", device]),
    "-",
  ],
};

/** Plays through `pacat` (PulseAudio, PipeWire) or `aplay` (ALSA). One sound at a time: a new one waits for the last. */
export class StreamPlayer implements Player {
  readonly name: StreamProgram;
  readonly #options: StreamPlayerOptions;
  #running: Running | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Counts calls of `stop`, so that sounds still waiting are cut as well. */
  #stops = 0;

  constructor(name: StreamProgram, options: StreamPlayerOptions) {
    this.name = name;
    this.#options = options;
  }

  availability(): Promise<Availability> {
    return programAvailability(this.name);
  }

  play(sound: Sound): Promise<{ readonly completed: boolean }> {
    const stops = this.#stops;
    const played = this.#last.then(() => this.#play(sound, stops));
    // The next sound plays whatever became of this one.
    this.#last = played.catch(() => undefined);
    return played;
  }

  stop(): void {
    this.#stops += 1;
    this.#running?.kill();
  }

  async #play(sound: Sound, stops: number): Promise<{ readonly completed: boolean }> {
    if (stops !== this.#stops) return { completed: false };
    const { samples } = parseWav(sound.wav, "sound");
    const raw = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    const args = ARGUMENTS[this.name](sound, this.#options.device);
    const running = run(this.#options.spawn, this.name, args, raw);
    this.#running = running;
    try {
      return { completed: !(await running.outcome).killed };
    } finally {
      this.#running = undefined;
    }
  }
}
