import type { Samples } from "../audio/format.ts";
import type { Availability } from "../availability.ts";

/**
 * - `starting`: opened, no frame yet (a device may take two seconds)
 * - `running`: frames arrive
 * - `lost`: the device went away or never came; it is retried with back-off until `stop`
 * - `ended`: a finite source (a file) has no more frames
 * - `stopped`: before `start` and after `stop`
 */
export type MicrophoneState = "stopped" | "starting" | "running" | "lost" | "ended";

export interface MicrophoneStatus {
  readonly state: MicrophoneState;
  /** Why it is `lost`. */
  readonly reason?: string;
}

export interface MicrophoneListener {
  /** Samples in order, 16 kHz mono; the array is the listener's to keep. */
  frame(samples: Samples): void;
  status(status: MicrophoneStatus): void;
}

/** A source of sound. Loss and return of the device are states, never exceptions. */
export interface Microphone {
  readonly name: string;
  availability(): Promise<Availability>;
  /** Resolves when the source is trying; frames and states come to `listener`. */
  start(listener: MicrophoneListener): Promise<void>;
  stop(): Promise<void>;
}
