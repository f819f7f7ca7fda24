import { mkdir, open, rename, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import type { Player, Sound } from "./port.ts";

export interface FilePlayerOptions {
  /** A file ending in `.wav`, replaced by every sound; or a folder, which gets one file per sound. */
  readonly path: string;
  readonly clock: Clock;
}

/** "Plays" into WAVE files: for tests, recordings, and nodes without a loudspeaker. */
export class FilePlayer implements Player {
  readonly name = "file";
  readonly #options: FilePlayerOptions;
  #count = 0;

  constructor(options: FilePlayerOptions) {
    this.#options = options;
  }

  async availability(): Promise<Availability> {
    try {
      await mkdir(this.#folder(), { recursive: true });
      return { available: true, detail: this.#options.path };
    } catch (error) {
      const reason = `${this.#options.path} cannot be written: ${messageOf(error)}`;
      return { available: false, code: "HARDWARE_UNAVAILABLE", reason };
    }
  }

  async play(sound: Sound): Promise<{ readonly completed: boolean }> {
    try {
      await mkdir(this.#folder(), { recursive: true });
      await writeDurably(await this.#nextFile(), sound.wav);
    } catch (cause) {
      throw new BarnacleError("HARDWARE_UNAVAILABLE", `cannot write to ${this.#options.path}: ${messageOf(cause)}`, {
        cause,
      });
    }
    return { completed: true };
  }

  /** A file is written at once, so there is nothing to cut short. */
  stop(): void {}

  #folder(): string {
    return this.#single() ? dirname(this.#options.path) : this.#options.path;
  }

  #single(): boolean {
    return this.#options.path.toLowerCase().endsWith(".wav");
  }

  async #nextFile(): Promise<string> {
    if (this.#single()) return this.#options.path;
    const time = new Date(this.#options.clock.now()).toISOString().replace(/[:.]/g, "-");
    for (;;) {
      this.#count += 1;
      const file = join(this.#options.path, `${time}-${String(this.#count).padStart(4, "0")}.wav`);
      if (!(await exists(file))) return file;
    }
  }
}

/** A reader sees the whole file or none of it, also after a power cut. */
async function writeDurably(file: string, bytes: Buffer): Promise<void> {
  const part = join(dirname(file), `.${basename(file)}.part`);
  const handle = await open(part, "w");
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, file);
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    // No such file is the wanted case; any other trouble shows when it is written.
    return false;
  }
}
