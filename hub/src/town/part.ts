import type { Clock, Events, Log, Random } from "@barnacle/protocol/runtime";
import type { Beads } from "../beads/index.ts";
import type { HubConfig } from "../config/index.ts";
import type { EmergencyStop } from "../estop/index.ts";
import type { Audit, Inbox, Policy } from "../services.ts";
import type { Store } from "../store/index.ts";
import type { Noun } from "./nouns.ts";

/** Something of the town is another than before; told after it is on disk. */
export interface TownChange {
  readonly noun: Noun;
  /** Of the thing that changed: a convoy's id, a worker's address, a rig's name. */
  readonly id: string;
  /** What happened, in the noun's own words: `created`, `landed`, `heartbeat`. */
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** JSON-safe. Never secrets. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface TownEvents {
  changed: TownChange;
}

/** What a running hub gives the town besides its store. Absent where a command works beside a stopped hub. */
export interface TownHub {
  readonly config: () => HubConfig;
  readonly inbox: Inbox;
  readonly policy: Policy;
  readonly audit: Audit;
  readonly estop: EmergencyStop;
  /** To people of the house, by one of its channels; the same key is the same message. */
  readonly say: (message: {
    readonly channel: string;
    readonly to?: string | undefined;
    readonly text: string;
    readonly key: string;
  }) => Promise<unknown>;
}

/** What every part of the town is made with; a part's own options extend it by ports to other parts. */
export interface TownBase {
  readonly store: Store;
  readonly beads: Beads;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: Events<TownEvents>;
  readonly hub?: TownHub | undefined;
}
