import type { Samples } from "@barnacle/hardware/speech";

const RATE = 16_000;
const FRAME = (RATE * 30) / 1000;
/** Speech rises at least this far over the quietest frames of late. */
const RISE_DB = 10;
/** Below this level nothing is speech. */
const QUIET_DBFS = -55;
const BEGIN_FRAMES = 4;
/** This long a pause ends a sentence. */
const PAUSE_FRAMES = 25;
const LONGEST_FRAMES = 800;
/** Kept from before a sentence, so that its first sound is not lost. */
const LEAD_FRAMES = 10;
/** How quickly the background follows a louder room, dB per frame. */
const DRIFT_DB = 0.05;

export interface SegmentEvents {
  begin(): void;
  audio(samples: Samples): void;
  end(): void;
}

/** Cuts a stream of samples into sentences, by loudness alone. */
export class Segmenter {
  readonly #events: SegmentEvents;
  #frame = new Int16Array(FRAME);
  #filled = 0;
  #background = QUIET_DBFS;
  #lead: Samples[] = [];
  #loud = 0;
  #quiet = 0;
  #length = 0;
  #inside = false;

  constructor(events: SegmentEvents) {
    this.#events = events;
  }

  feed(samples: Samples): void {
    for (let at = 0; at < samples.length; ) {
      const part = samples.subarray(at, at + FRAME - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < FRAME) return;
      this.#take(this.#frame);
      this.#frame = new Int16Array(FRAME);
      this.#filled = 0;
    }
  }

  /** Nothing more comes: a sentence that has begun ends here. */
  flush(): void {
    if (this.#inside) this.#finish();
  }

  #take(frame: Samples): void {
    const level = levelOf(frame);
    const speech = level > Math.max(this.#background + RISE_DB, QUIET_DBFS);
    // Down at once, up slowly: a voice must not become the background.
    this.#background = level < this.#background ? level : this.#background + DRIFT_DB;
    if (!this.#inside) {
      this.#lead = [...this.#lead, frame].slice(-LEAD_FRAMES - BEGIN_FRAMES);
      this.#loud = speech ? this.#loud + 1 : 0;
      if (this.#loud < BEGIN_FRAMES) return;
      this.#inside = true;
      this.#quiet = 0;
      this.#length = 0;
      this.#events.begin();
      for (const one of this.#lead) this.#events.audio(one);
      this.#lead = [];
      return;
    }
    this.#events.audio(frame);
    this.#length += 1;
    this.#quiet = speech ? 0 : this.#quiet + 1;
    if (this.#quiet >= PAUSE_FRAMES || this.#length >= LONGEST_FRAMES) this.#finish();
  }

  #finish(): void {
    this.#inside = false;
    this.#loud = 0;
    this.#events.end();
  }
}

function levelOf(frame: Samples): number {
  let sum = 0;
  for (const sample of frame) sum += sample * sample;
  return 10 * Math.log10(sum / frame.length / 32768 ** 2 + 1e-12);
}
