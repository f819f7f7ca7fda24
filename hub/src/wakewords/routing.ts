import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, Events, type Unit } from "@barnacle/protocol/runtime";
import type { WakeRoute, WakeRouting, WakeRoutingConfig, WakeTarget } from "../services.ts";
import type { Store } from "../store/index.ts";
import { readSetting, writeSetting } from "./setting.ts";

const SETTING = "wakeRouting";
const MOST_ROUTES = 32;
const CURRENT: WakeTarget = { mode: "current" };

/** Which agent or session hears what is said after which wake phrase. */
export class StoredWakeRouting implements WakeRouting, Unit {
  readonly events = new Events<{ changed: { readonly config: WakeRoutingConfig } }>();
  readonly #store: Store;
  readonly #clock: Clock;
  #config: WakeRoutingConfig = { version: 1, defaultTarget: CURRENT, routes: [], updatedAtMs: 0 };

  constructor(options: { store: Store; clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  async start(): Promise<void> {
    this.#config = readSetting<WakeRoutingConfig>(this.#store, SETTING) ?? this.#config;
  }

  async stop(): Promise<void> {}

  get(): WakeRoutingConfig {
    return this.#config;
  }

  async set(wanted: { defaultTarget?: WakeTarget; routes?: readonly WakeRoute[] }): Promise<WakeRoutingConfig> {
    const { defaultTarget = this.#config.defaultTarget, routes = this.#config.routes } = wanted;
    if (routes.length > MOST_ROUTES) {
      throw new BarnacleError("INPUT_INVALID", `wake routing: at most ${MOST_ROUTES} routes, got ${routes.length}`);
    }
    const seen = new Set<string>();
    const clean = routes.map(({ trigger, target }) => {
      const phrase = normal(trigger);
      if (phrase === "") throw new BarnacleError("INPUT_INVALID", "wake routing: a trigger has no words");
      if (seen.has(phrase)) throw new BarnacleError("INPUT_INVALID", `wake routing: "${phrase}" has two routes`);
      seen.add(phrase);
      return { trigger: phrase, target };
    });
    const config = { version: 1 as const, defaultTarget, routes: clean, updatedAtMs: this.#clock.now() };
    await this.#store.commit(() => writeSetting(this.#store, SETTING, config, this.#clock.now()));
    this.#config = config;
    this.events.emit("changed", { config });
    return config;
  }

  target(phrase: string | undefined): WakeTarget {
    const heard = phrase === undefined ? undefined : normal(phrase);
    return this.#config.routes.find(({ trigger }) => trigger === heard)?.target ?? this.#config.defaultTarget;
  }
}

/** Engines write phrases in their own ways: `hey_jarvis`, `Hey, Jarvis!`. */
function normal(phrase: string): string {
  return phrase
    .toLowerCase()
    .replace(/[^\p{L}\p{N}']+/gu, " ")
    .trim();
}
