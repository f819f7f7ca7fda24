import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import { Dither, readSpeechWav, SAMPLE_RATE, type Samples } from "../audio/index.ts";
import type { Availability } from "../availability.ts";
import type { Microphone, MicrophoneListener } from "./port.ts";

export interface WavOptions {
  readonly file: string;
  /** `real`: as fast as it would be spoken; `fast`: as fast as the event loop turns. */
  readonly pace?: "real" | "fast";
  /** Near-silence before the file, so that a wake engine has heard a room first. */
  readonly leadMs?: number;
  /** Near-silence after it, so that the end of speech can be found. */
  readonly tailMs?: number;
  /** After the tail: near-silence at real pace until `stop` instead of `ended`. */
  readonly thenSilence?: boolean;
  readonly frameLength?: number;
}

const DEFAULT_LEAD_MS = 2000;
const DEFAULT_TAIL_MS = 1500;
const DEFAULT_FRAME = 1280;

/** A recording that is heard as if a microphone gave it, between stretches of repeatable near-silence. */
export class WavMicrophone implements Microphone {
  readonly name = "wav";
  readonly #options: WavOptions;
  readonly #clock: Clock;
  #listener: MicrophoneListener | undefined;
  #cancel: () => void = () => {};

  constructor(options: WavOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  async availability(): Promise<Availability> {
    try {
      await readSpeechWav(this.#options.file);
      return { available: true, detail: this.#options.file };
    } catch (error) {
      const { code, message, hint } = toBarnacleError(error);
      return { available: false, code, reason: message, hint };
    }
  }

  /** @throws FILE_UNREADABLE, AUDIO_FORMAT: a wrong file does not come back by waiting */
  async start(listener: MicrophoneListener): Promise<void> {
    if (this.#listener) throw new BarnacleError("CONFLICT", "microphone wav is started already");
    this.#listener = listener;
    try {
      const sound = this.#whole(await readSpeechWav(this.#options.file));
      listener.status({ state: "starting" });
      this.#play(listener, sound);
    } catch (error) {
      this.#listener = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#cancel();
    listener?.status({ state: "stopped" });
  }

  #whole(speech: Samples): Samples {
    const dither = new Dither();
    const lead = dither.next(samplesIn(this.#options.leadMs ?? DEFAULT_LEAD_MS));
    const tail = dither.next(samplesIn(this.#options.tailMs ?? DEFAULT_TAIL_MS));
    const whole = new Int16Array(lead.length + speech.length + tail.length);
    whole.set(lead);
    whole.set(speech, lead.length);
    whole.set(tail, lead.length + speech.length);
    return whole;
  }

  /** Frames fall due by the clock, not by counting ticks, so a late timer is made up for and never drifts. */
  #play(listener: MicrophoneListener, sound: Samples): void {
    const { pace = "real", thenSilence = false, frameLength = DEFAULT_FRAME } = this.#options;
    const frameMs = (frameLength * 1000) / SAMPLE_RATE;
    const dither = new Dither(6, 2);
    const started = this.#clock.monotonic();
    let silenceFrom: number | undefined;
    let sent = 0;
    let silent = 0;
    const step = (): void => {
      if (this.#listener !== listener) return;
      const due = samplesIn(this.#clock.monotonic() - started);
      while (sent < sound.length && (pace === "fast" || sent + frameLength <= due)) {
        if (sent === 0) listener.status({ state: "running" });
        const frame = sound.slice(sent, sent + frameLength);
        sent += frame.length;
        listener.frame(frame);
        if (this.#listener !== listener) return;
        if (pace === "fast") break;
      }
      if (sent >= sound.length) {
        if (!thenSilence) {
          listener.status({ state: "ended" });
          return;
        }
        // The silence has its own start: at fast pace the sound took no time.
        silenceFrom ??= pace === "fast" ? this.#clock.monotonic() : started + (sound.length * 1000) / SAMPLE_RATE;
        const owed = samplesIn(this.#clock.monotonic() - silenceFrom) - silent;
        for (let left = owed; left >= frameLength; left -= frameLength) {
          silent += frameLength;
          listener.frame(dither.next(frameLength));
          if (this.#listener !== listener) return;
        }
      }
      this.#cancel = this.#clock.after(pace === "fast" && sent < sound.length ? 0 : frameMs / 2, step);
    };
    this.#cancel = this.#clock.after(pace === "fast" ? 0 : frameMs, step);
  }
}

function samplesIn(ms: number): number {
  return Math.floor((ms * SAMPLE_RATE) / 1000);
}
