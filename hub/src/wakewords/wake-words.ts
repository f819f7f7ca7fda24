import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, Events, type Unit } from "@barnacle/protocol/runtime";
import type { WakeWords } from "../services.ts";
import type { Store } from "../store/index.ts";
import { readSetting, writeSetting } from "./setting.ts";

const SETTING = "wakeWords";
const MOST_WORDS = 20;
const LONGEST_WORD = 80;

/** The global wake words: the operator's choice in the settings table, else what the config says. */
export class StoredWakeWords implements WakeWords, Unit {
  readonly events = new Events<{ changed: { readonly words: readonly string[] } }>();
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #initial: readonly string[];
  #words: readonly string[];

  /** @param options.initial words of the config, until an operator sets others */
  constructor(options: { store: Store; clock: Clock; initial: readonly string[] }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#initial = options.initial;
    this.#words = options.initial;
  }

  /** @throws INPUT_INVALID when the configured words cannot be wake words */
  async start(): Promise<void> {
    this.#words = readSetting<string[]>(this.#store, SETTING) ?? cleanWords(this.#initial);
  }

  async stop(): Promise<void> {}

  get(): readonly string[] {
    return this.#words;
  }

  /** Up to 20 words of at most 80 characters; trimmed, duplicates dropped whatever their case. None: those of the config. @throws INPUT_INVALID */
  async set(words: readonly string[]): Promise<readonly string[]> {
    const clean = cleanWords(words.some((word) => word.trim() !== "") ? words : this.#initial);
    await this.#store.commit(() => writeSetting(this.#store, SETTING, clean, this.#clock.now()));
    this.#words = clean;
    this.events.emit("changed", { words: clean });
    return clean;
  }
}

function cleanWords(words: readonly string[]): readonly string[] {
  const clean: string[] = [];
  const seen = new Set<string>();
  for (const word of words) {
    const text = word.trim().replace(/\s+/g, " ");
    if (text.length === 0) continue;
    if (text.length > LONGEST_WORD) {
      throw new BarnacleError(
        "INPUT_INVALID",
        `wake words: "${text.slice(0, 20)}…" has ${text.length} characters, at most ${LONGEST_WORD} were expected`,
      );
    }
    if (seen.has(text.toLowerCase())) continue;
    seen.add(text.toLowerCase());
    clean.push(text);
  }
  if (clean.length === 0 || clean.length > MOST_WORDS) {
    throw new BarnacleError("INPUT_INVALID", `wake words: 1 to ${MOST_WORDS} were expected, got ${clean.length}`);
  }
  return clean;
}
