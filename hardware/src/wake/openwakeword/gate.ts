import { levelDbfs, type Samples } from "../../audio/index.ts";

/** Frames over which the room's own noise is learnt: 10 s. */
const MEMORY = 125;
/** A frame this far above the noise may be speech. Engines hear next to nothing below it anyway. */
const MARGIN_DB = 5;
/** Louder than this is never called quiet, however long it lasts. */
const LOUDEST_QUIET_DBFS = -42;
/** Frames that stay open after the last loud one: detections come up to half a second after a phrase's end. */
const HANGOVER = 15;

/**
 * Tells frames of a quiet room from frames in which somebody may be speaking, so that the models rest through the
 * quiet ones. The quietest frame of the last seconds is the room; whatever rises above it opens the gate.
 */
export class QuietGate {
  readonly #levels = new Float32Array(MEMORY);
  #next = 0;
  #open = HANGOVER;

  constructor() {
    this.reset();
  }

  /** True while frames must be looked at. */
  push(frame: Samples): boolean {
    const level = levelDbfs(frame);
    this.#levels[this.#next] = level;
    this.#next = (this.#next + 1) % MEMORY;
    let floor = 0;
    for (const known of this.#levels) if (known < floor) floor = known;
    const loud = level > floor + MARGIN_DB || level > LOUDEST_QUIET_DBFS;
    this.#open = loud ? HANGOVER : Math.max(0, this.#open - 1);
    return this.#open > 0;
  }

  reset(): void {
    this.#levels.fill(0);
    this.#next = 0;
    this.#open = HANGOVER;
  }
}
