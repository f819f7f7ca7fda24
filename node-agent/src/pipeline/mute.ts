import type { Log } from "@barnacle/protocol/runtime";
import { type Static, Type } from "@sinclair/typebox";
import type { Settings } from "../state/index.ts";

const WISH = "muted";
const SWITCHES = "muteSwitches";
const Positions = Type.Record(Type.String(), Type.Boolean());

export interface MuteParts {
  readonly settings: Pick<Settings, "get" | "set">;
  /** Muted at every start, whatever it was before. */
  readonly startMuted: boolean;
  readonly log: Log;
}

/**
 * Whether the microphone is closed. Two things close it: the wish of somebody (a command, a button), and switches, which
 * win: while one is on, no wish opens it. Both last over restarts; a switch that says nothing is where it last was.
 */
export class Mute {
  readonly #parts: MuteParts;
  readonly #listeners = new Set<(muted: boolean) => void>();
  #wish: boolean;
  #switches: Static<typeof Positions>;
  #was: boolean;

  constructor(parts: MuteParts) {
    this.#parts = parts;
    this.#wish = parts.startMuted || (parts.settings.get(WISH, Type.Boolean()) ?? false);
    this.#switches = { ...parts.settings.get(SWITCHES, Positions) };
    this.#was = this.muted;
  }

  get muted(): boolean {
    return this.#wish || Object.values(this.#switches).includes(true);
  }

  /** Names of the switches that are on; empty: nothing but a wish closes the microphone, or it is open. */
  get by(): readonly string[] {
    return Object.keys(this.#switches).filter((name) => this.#switches[name]);
  }

  /** Told after each change; when it closes, before that is written down. */
  onChange(listener: (muted: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A wish; takes effect at once. Opening is on disk before it takes effect: what is cut off in between leaves it closed. */
  set(muted: boolean): void {
    if (!muted) this.#save(WISH, false);
    this.#wish = muted;
    this.#tell();
    if (muted) this.#save(WISH, true);
  }

  /** A button: what is open closes, what a wish closed opens. */
  toggle(): void {
    this.set(!this.#wish);
  }

  /** Where a switch stands. */
  position(name: string, on: boolean): void {
    if (this.#switches[name] === on) return;
    this.#switches = { ...this.#switches, [name]: on };
    this.#tell();
    this.#save(SWITCHES, this.#switches);
  }

  /** Switches that are no longer configured close nothing. */
  keep(names: readonly string[]): void {
    const left = Object.entries(this.#switches).filter(([name]) => names.includes(name));
    if (left.length === Object.keys(this.#switches).length) return;
    this.#switches = Object.fromEntries(left);
    this.#save(SWITCHES, this.#switches);
    this.#tell();
  }

  #tell(): void {
    if (this.#was === this.muted) return;
    this.#was = this.muted;
    for (const listener of [...this.#listeners]) listener(this.muted);
  }

  #save(key: string, value: unknown): void {
    if (this.#parts.settings.set(key, value)) return;
    this.#parts.log.error({ key }, "the mute could not be written down; it holds until a restart");
  }
}
