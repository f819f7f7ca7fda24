import type { Availability } from "../availability.ts";

/** Speech or sound ready to play. */
export interface Sound {
  /** A whole RIFF/WAVE file, PCM 16 bit. */
  readonly wav: Buffer;
  readonly sampleRate: number;
  readonly channels: number;
  readonly durationMs: number;
}

/** Text to sound. The text never passes a shell. */
export interface Synthesiser {
  /** `espeak-ng`, `flite` or `fake`. */
  readonly name: string;
  availability(): Promise<Availability>;
  /** @throws LIBRARY_MISSING, HARDWARE_UNAVAILABLE */
  synthesise(text: string): Promise<Sound>;
}

/** Sound to a loudspeaker, or a file. */
export interface Player {
  /** `pacat`, `aplay`, `file` or `fake`. */
  readonly name: string;
  availability(): Promise<Availability>;
  /** Resolves when the sound was played to its end, or `stop` cut it short. @throws HARDWARE_UNAVAILABLE */
  play(sound: Sound): Promise<{ readonly completed: boolean }>;
  stop(): void;
}
