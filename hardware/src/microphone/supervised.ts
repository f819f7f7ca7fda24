import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { Samples } from "../audio/index.ts";
import type { Availability } from "../availability.ts";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import type { Microphone, MicrophoneListener, MicrophoneState, MicrophoneStatus } from "./port.ts";

/** What one opening of a device tells its supervisor. */
export interface CaptureEvents {
  frame(samples: Samples): void;
  /** The device is gone, or never came; called at most once, and never after `close`. */
  lost(reason: string): void;
}

/** One opening of a device. */
export interface Capture {
  /** Releases the device; never rejects. Events that are under way may still come; the supervisor ignores them. */
  close(): Promise<void>;
}

/** Something that can be opened again and again. */
export interface CaptureSource {
  readonly name: string;
  availability(): Promise<Availability>;
  /** Rejects when the device cannot be opened now. */
  open(events: CaptureEvents): Promise<Capture>;
}

export interface SupervisionOptions extends BackoffOptions {
  /** How long a device may be silent after opening before it counts as lost; PulseAudio needs two seconds. */
  readonly startingMs?: number;
  /** How long it may be silent once frames have come. */
  readonly stalledMs?: number;
}

const STARTING_MS = 8000;
const STALLED_MS = 3000;

/** Makes a microphone of a capture source: loss is a state with a reason, and the source is reopened with back-off. */
export class SupervisedMicrophone implements Microphone {
  readonly name: string;
  readonly #source: CaptureSource;
  readonly #clock: Clock;
  readonly #options: SupervisionOptions;
  readonly #backoff: Backoff;
  #listener: MicrophoneListener | undefined;
  #state: MicrophoneState = "stopped";
  #reason: string | undefined;
  #capture: Capture | undefined;
  /** Counts openings, so that events of an earlier one are known as such. */
  #attempt = 0;
  #lastFrame = 0;
  #cancelTimer: () => void = () => {};
  #opening: Promise<void> = Promise.resolve();

  constructor(source: CaptureSource, clock: Clock, random: Random, options: SupervisionOptions = {}) {
    this.name = source.name;
    this.#source = source;
    this.#clock = clock;
    this.#options = options;
    this.#backoff = new Backoff(random, options);
  }

  availability(): Promise<Availability> {
    return this.#source.availability();
  }

  async start(listener: MicrophoneListener): Promise<void> {
    if (this.#listener) throw new BarnacleError("CONFLICT", `microphone ${this.name} is started already`);
    this.#listener = listener;
    this.#backoff.reset();
    this.#opening = this.#open();
    await this.#opening;
  }

  async stop(): Promise<void> {
    if (!this.#listener) return;
    const listener = this.#listener;
    this.#listener = undefined;
    this.#attempt++;
    this.#cancelTimer();
    await this.#opening;
    await this.#release();
    this.#state = "stopped";
    listener.status({ state: "stopped" });
  }

  async #open(): Promise<void> {
    const attempt = ++this.#attempt;
    const current = (): boolean => attempt === this.#attempt;
    if (this.#state !== "lost") this.#become({ state: "starting" });
    try {
      const capture = await this.#source.open({
        frame: (samples) => {
          if (current()) this.#frame(samples);
        },
        lost: (reason) => {
          if (current()) this.#lose(reason);
        },
      });
      // Lost or stopped while it was opening: nobody else would close it.
      if (current()) this.#capture = capture;
      else await capture.close();
    } catch (error) {
      if (current()) this.#lose(messageOf(error));
      return;
    }
    if (current()) this.#watch(this.#options.startingMs ?? STARTING_MS, "no frame came");
  }

  #frame(samples: Samples): void {
    this.#lastFrame = this.#clock.monotonic();
    if (this.#state !== "running") {
      this.#backoff.reset();
      this.#become({ state: "running" });
      this.#watch(this.#options.stalledMs ?? STALLED_MS, "frames stopped coming");
    }
    this.#listener?.frame(samples);
  }

  /** Declares the device lost when no frame came for `ms`, counted from `since` or the last frame. */
  #watch(ms: number, complaint: string, since: number = this.#clock.monotonic()): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(Math.max(0, ms - (this.#clock.monotonic() - since)), () => {
      const last = Math.max(since, this.#lastFrame);
      if (this.#clock.monotonic() - last >= ms) this.#lose(`${complaint} for ${ms / 1000} s`);
      else this.#watch(ms, complaint, last);
    });
  }

  #lose(reason: string): void {
    this.#attempt++;
    this.#cancelTimer();
    this.#become({ state: "lost", reason });
    const opened = this.#opening;
    const released = this.#release();
    this.#cancelTimer = this.#clock.after(this.#backoff.next(), () => {
      this.#opening = Promise.all([opened, released]).then(() => (this.#listener ? this.#open() : undefined));
    });
  }

  async #release(): Promise<void> {
    const capture = this.#capture;
    this.#capture = undefined;
    await capture?.close();
  }

  #become(status: MicrophoneStatus): void {
    if (status.state === this.#state && status.reason === this.#reason) return;
    this.#state = status.state;
    this.#reason = status.reason;
    this.#listener?.status(status);
  }
}
