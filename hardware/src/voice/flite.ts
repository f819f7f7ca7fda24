import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Availability } from "../availability.ts";
import { programAvailability, run, type Spawn } from "./command.ts";
import type { Sound, Synthesiser } from "./port.ts";
import { soundFromWav } from "./sound.ts";
import { speakable } from "./text.ts";

export interface FliteOptions {
  readonly spawn: Spawn;
  /** A voice of `flite -lv`, such as `slt`. */
  readonly voice: string;
  /** Folder for the file that each sentence passes through. */
  readonly scratch?: string;
}

/** flite as a child process; the text goes to its standard input. */
export class FliteSynthesiser implements Synthesiser {
  readonly name = "flite";
  readonly #options: FliteOptions;

  constructor(options: FliteOptions) {
    this.#options = options;
  }

  availability(): Promise<Availability> {
    return programAvailability(this.name);
  }

  async synthesise(text: string): Promise<Sound> {
    const { spawn, voice, scratch } = this.#options;
    const safe = speakable(text);
    // flite cannot write a WAVE file to a pipe: it opens its output by name and seeks back to fill in the length.
    const folder = await mkdtemp(join(scratch ?? tmpdir(), "barnacle-voice-"));
    const file = join(folder, "speech.wav");
    try {
      await run(spawn, this.name, ["-voice", voice, "-f", "-", "-o", file], safe).outcome;
      return soundFromWav(await readFile(file), this.name);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
