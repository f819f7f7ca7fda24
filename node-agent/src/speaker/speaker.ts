import type { Player, Sound, Synthesiser } from "@barnacle/hardware/voice";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";

export interface SpeakerParts {
  readonly synthesiser: Synthesiser | undefined;
  readonly player: Player | undefined;
  readonly clock: Clock;
}

/** How long each part took, ms, and when it began on the monotonic clock. */
export interface SpeechTimes {
  readonly completed: boolean;
  readonly synthesise: { readonly at: number; readonly durationMs: number };
  readonly play: { readonly at: number; readonly durationMs: number };
}

/** The node's one loudspeaker: sounds play one after the other. There is no echo cancelling, so listeners are told. */
export class Speaker {
  readonly #parts: SpeakerParts;
  readonly #listeners = new Set<(active: boolean) => void>();
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(parts: SpeakerParts) {
    this.#parts = parts;
  }

  /** True from the first sound waiting until the last was played. */
  get active(): boolean {
    return this.#waiting > 0;
  }

  /** Told when the node begins and ceases to make sound itself. */
  onActive(listener: (active: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Speaks `text` after whatever is playing.
   * @param stillWanted asked when its turn has come; `false` drops it
   * @throws HARDWARE_UNAVAILABLE, LIBRARY_MISSING, COMMAND_TIMEOUT when no longer wanted
   */
  say(text: string, stillWanted: () => boolean = () => true): Promise<SpeechTimes> {
    return this.#inTurn(stillWanted, async () => {
      const { synthesiser, clock } = this.#parts;
      if (!synthesiser)
        throw new BarnacleError("HARDWARE_UNAVAILABLE", "this node has no voice (voice.engine is none)");
      const player = this.#player();
      const at = clock.monotonic();
      const sound = await synthesiser.synthesise(text);
      const playAt = clock.monotonic();
      const { completed } = await player.play(sound);
      return {
        completed,
        synthesise: { at, durationMs: playAt - at },
        play: { at: playAt, durationMs: clock.monotonic() - playAt },
      };
    });
  }

  /** Plays a sound after whatever is playing. @throws HARDWARE_UNAVAILABLE, COMMAND_TIMEOUT */
  play(sound: Sound, stillWanted: () => boolean = () => true): Promise<{ completed: boolean }> {
    return this.#inTurn(stillWanted, async () => this.#player().play(sound));
  }

  /** Cuts short what is playing; what waits behind it plays on. */
  hush(): void {
    this.#parts.player?.stop();
  }

  #player(): Player {
    if (this.#parts.player) return this.#parts.player;
    throw new BarnacleError("HARDWARE_UNAVAILABLE", "this node has no loudspeaker (voice.player is none)");
  }

  async #inTurn<T>(stillWanted: () => boolean, work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    if (this.#waiting === 1) this.#tell(true);
    const mine = this.#queue.then(() => {
      if (stillWanted()) return work();
      throw new BarnacleError("COMMAND_TIMEOUT", "its turn to be played came too late, so it was not played");
    });
    this.#queue = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#tell(false);
    }
  }

  #tell(active: boolean): void {
    for (const listener of [...this.#listeners]) listener(active);
  }
}
