import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { AgentRuns, Devices, Sessions } from "../services.ts";
import type { Store } from "../store/index.ts";
import { HOST_KINDS } from "./kinds/host.ts";
import type { EventAnswer, EventSource, Kind } from "./kinds/kind.ts";
import { TALK_KINDS } from "./kinds/talk.ts";
import { ConnectedOffers } from "./offers.ts";
import { Repeats } from "./repeats.ts";
import { NodeWork } from "./work.ts";

/** Said twice within this, a sentence counts once. */
const REPEAT_MS = 1500;

const KINDS: ReadonlyMap<string, Kind> = new Map(Object.entries({ ...TALK_KINDS, ...HOST_KINDS }));

export interface NativeNodesOptions {
  readonly store: Store;
  readonly devices: Pick<Devices, "get" | "touch">;
  readonly clock: Clock;
  readonly random: Random;
}

/** What nodes on the gateway's WebSocket do beyond commands: tell, ask, offer tools, fetch work. */
export class NativeNodes {
  readonly offers: ConnectedOffers;
  readonly work: NodeWork;
  readonly #random: Random;
  readonly #spoken: Repeats;

  constructor(options: NativeNodesOptions) {
    this.offers = new ConnectedOffers(options);
    this.work = new NodeWork(options);
    this.#random = options.random;
    this.#spoken = new Repeats(options.clock, REPEAT_MS);
  }

  /** A `node.event`. @throws what starting a run throws; the node may then send it again */
  async event(
    name: string,
    payload: unknown,
    source: EventSource,
    agent: { readonly runs: AgentRuns; readonly sessions: Sessions },
  ): Promise<EventAnswer> {
    const found = KINDS.get(name);
    if (!found) return { handled: false, reason: "unsupported_event" };
    const { runs, sessions } = agent;
    return found(payload, source, { runs, sessions, offers: this.offers, spoken: this.#spoken, random: this.#random });
  }
}
