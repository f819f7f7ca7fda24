import type { Recogniser } from "@barnacle/hardware/speech";
import type { WakeEngine } from "@barnacle/hardware/wake";
import { messageOf } from "@barnacle/protocol/errors";
import { NodeConfig } from "@barnacle/protocol/mqtt";
import type { Log } from "@barnacle/protocol/runtime";
import type { Maybe, NodeHardware } from "../hardware/node-hardware.ts";
import type { Settings } from "../state/index.ts";

const KEY = "household";

export interface HouseholdParts {
  readonly settings: Settings;
  /** Room and phrases of the node's own configuration. */
  readonly room: string | undefined;
  readonly phrases: readonly string[];
  /** Phrases that are listened for now; empty: there is no engine. */
  readonly current: readonly string[];
  readonly recogniser: Maybe<Recogniser>;
  readonly wakePhrases: NodeHardware["wakePhrases"];
  readonly makeWake: NodeHardware["makeWake"];
  /** Listen with this engine from now on. */
  readonly useWake: (engine: WakeEngine) => Promise<void>;
  readonly notice: (kind: string, data: Record<string, unknown>) => void;
  /** The manifest may have changed. */
  readonly changed: () => void;
  readonly log: Log;
}

/**
 * What the hub wants of this node: its room, the wake words, the sentences of the household. Kept on disk, so that the
 * node hears and understands while the hub is away.
 */
export class Household {
  readonly #parts: HouseholdParts;
  #config: NodeConfig | undefined;
  #recogniser: Maybe<Recogniser>;
  #phrases: readonly string[];
  #applying: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: HouseholdParts) {
    this.#parts = parts;
    this.#config = rememberedConfig(parts.settings);
    this.#recogniser =
      typeof parts.recogniser === "string" ? parts.recogniser : "waiting for the household's sentences from the hub";
    this.#phrases = parts.current;
  }

  /** The registry's word on the room wins over the node's own. */
  get room(): string | undefined {
    return this.#config?.room ?? this.#parts.room;
  }

  /** The recogniser once it has the household's sentences, or why it is not ready. */
  get recogniser(): Maybe<Recogniser> {
    return this.#recogniser;
  }

  /** Loads the recogniser with the sentences that were kept, if there are any. */
  async start(): Promise<void> {
    await this.#useGrammar();
  }

  /** Resolves when nothing is being applied any more; a recogniser loaded after its end would outlive the node. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#applying.catch(() => undefined);
  }

  /** Takes effect in order, one after the other; resolves when it has, or at once after `stop`. */
  apply(config: NodeConfig): Promise<void> {
    this.#applying = this.#applying.then(async () => {
      if (this.#stopped) return;
      this.#config = config;
      this.#parts.settings.set(KEY, config);
      await this.#useGrammar();
      await this.#usePhrases();
      this.#parts.changed();
    });
    return this.#applying;
  }

  async #useGrammar(): Promise<void> {
    const { recogniser, log } = this.#parts;
    const grammar = this.#config?.grammar;
    if (typeof recogniser === "string" || !grammar) return;
    try {
      if (this.#recogniser === recogniser) await recogniser.setGrammar(grammar);
      else await recogniser.load(grammar);
      this.#recogniser = recogniser;
    } catch (error) {
      this.#recogniser = messageOf(error);
      log.error({ engine: recogniser.name, reason: messageOf(error) }, "the recogniser cannot be used");
    }
  }

  #wantedPhrases(): readonly string[] {
    const { wakePhrases, phrases } = this.#parts;
    return choosePhrases(this.#config?.wakeWords ?? [], wakePhrases, phrases);
  }

  async #usePhrases(): Promise<void> {
    // Without an engine there is nobody to tell; a reason is in the manifest.
    if (this.#phrases.length === 0) return;
    const { wakePhrases, makeWake, useWake, notice, log } = this.#parts;
    const unknown = unknownPhrases(this.#config?.wakeWords ?? [], wakePhrases);
    if (unknown.length > 0) notice("wake.unknown", { phrases: unknown, known: wakePhrases ?? [] });
    const wanted = this.#wantedPhrases();
    if (sameWords(wanted, this.#phrases)) return;
    try {
      await useWake(await makeWake(wanted));
      this.#phrases = wanted;
      log.info({ phrases: wanted }, "listening for other wake phrases");
    } catch (error) {
      log.error({ phrases: wanted, reason: messageOf(error) }, "wake phrases could not be changed");
    }
  }
}

/** What the hub last said, from disk. */
export function rememberedConfig(settings: Settings): NodeConfig | undefined {
  return settings.get(KEY, NodeConfig);
}

/** The hub's wake words that the engine has, else the node's own. */
export function choosePhrases(
  words: readonly string[],
  known: NodeHardware["wakePhrases"],
  own: readonly string[],
): readonly string[] {
  const possible = words.map(asSpoken).filter((word) => known === undefined || known.includes(word));
  return possible.length > 0 ? [...new Set(possible)] : own;
}

/** Wake words that the engine does not have. */
export function unknownPhrases(words: readonly string[], known: NodeHardware["wakePhrases"]): readonly string[] {
  return words.map(asSpoken).filter((word) => known?.includes(word) === false);
}

function asSpoken(word: string): string {
  return word
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, " ");
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word) => b.includes(word));
}
