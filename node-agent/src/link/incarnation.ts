import type { Clock } from "@barnacle/protocol/runtime";
import { Type } from "@sinclair/typebox";
import type { Settings } from "../state/index.ts";

const KEY = "incarnation";
const Stored = Type.Integer({ minimum: 0 });
/** Numbers set aside at once: a node that looks for its hub for a week writes once an hour, not at every attempt. */
const AHEAD = 3600 * 1000;

/**
 * Numbers of connections, each larger than any before, over restarts too: what is on disk is never smaller than a number
 * in use. They grow even when the clock was set back (a board without a battery), and jump past lost state when the clock
 * is right, so that a re-imaged board is admitted again.
 */
export class Incarnations {
  readonly #settings: Settings;
  readonly #clock: Clock;
  #last: number | undefined;
  #reserved = 0;

  constructor(settings: Settings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  next(): number {
    const next = Math.max((this.#last ?? this.#settings.get(KEY, Stored) ?? 0) + 1, Math.floor(this.#clock.now()));
    this.#last = next;
    if (next > this.#reserved) {
      this.#reserved = next + AHEAD;
      // A disk that takes nothing is no reason to stay away: the clock alone is nearly always enough.
      this.#settings.set(KEY, this.#reserved);
    }
    return next;
  }
}
