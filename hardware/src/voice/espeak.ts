import type { Availability } from "../availability.ts";
import { programAvailability, run, type Spawn } from "./command.ts";
import type { Sound, Synthesiser } from "./port.ts";
import { soundFromWav } from "./sound.ts";
import { speakable } from "./text.ts";

export interface EspeakOptions {
  readonly spawn: Spawn;
  /** A voice of `espeak-ng --voices`, such as `en-us` or `en-gb+f3`. */
  readonly voice: string;
  /** Words per minute. */
  readonly speed: number;
}

/** eSpeak NG as a child process; the text goes to its standard input. */
export class EspeakSynthesiser implements Synthesiser {
  readonly name = "espeak-ng";
  readonly #options: EspeakOptions;

  constructor(options: EspeakOptions) {
    this.#options = options;
  }

  availability(): Promise<Availability> {
    return programAvailability(this.name);
  }

  async synthesise(text: string): Promise<Sound> {
    const { spawn, voice, speed } = this.#options;
    const args = ["-v", voice, "-s", String(speed), "-b", "1", "--stdin", "--stdout"];
    const { stdout } = await run(spawn, this.name, args, speakable(text)).outcome;
    return soundFromWav(stdout, this.name);
  }
}
