import { encodeWav } from "../audio/wav.ts";
import type { Availability } from "../availability.ts";
import type { Player, Sound, Synthesiser } from "./port.ts";
import { speakable } from "./text.ts";

const RATE = 16_000;
const MS_PER_CHARACTER = 60;

/** "Speaks" a tone as long as the text; remembers what it was asked to say. */
export class FakeSynthesiser implements Synthesiser {
  readonly name = "fake";
  readonly said: string[] = [];

  async availability(): Promise<Availability> {
    return { available: true };
  }

  async synthesise(text: string): Promise<Sound> {
    const safe = speakable(text);
    this.said.push(safe);
    const durationMs = safe.length * MS_PER_CHARACTER;
    const samples = Int16Array.from({ length: (durationMs * RATE) / 1000 }, (_, i) =>
      Math.round(8000 * Math.sin((2 * Math.PI * 220 * i) / RATE)),
    );
    return { wav: encodeWav(samples, RATE), sampleRate: RATE, channels: 1, durationMs };
  }
}

/** Keeps what it was given. Sounds end at once, or, with `hold`, when `finish` or `stop` is called. */
export class FakePlayer implements Player {
  readonly name = "fake";
  readonly played: Sound[] = [];
  readonly #hold: boolean;
  #ends: ((completed: boolean) => void)[] = [];

  constructor(options: { readonly hold?: boolean } = {}) {
    this.#hold = options.hold ?? false;
  }

  async availability(): Promise<Availability> {
    return { available: true };
  }

  async play(sound: Sound): Promise<{ readonly completed: boolean }> {
    this.played.push(sound);
    if (!this.#hold) return { completed: true };
    const completed = await new Promise<boolean>((resolve) => this.#ends.push(resolve));
    return { completed };
  }

  /** Lets the sounds that are playing reach their end. */
  finish(): void {
    for (const end of this.#ends.splice(0)) end(true);
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end(false);
  }
}
