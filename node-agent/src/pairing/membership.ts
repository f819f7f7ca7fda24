import { hasCode } from "@barnacle/protocol/errors";
import type { DeviceIdentity } from "@barnacle/protocol/identity";
import type { PairAnswer } from "@barnacle/protocol/pairing";
import { type Clock, type Log, sleep } from "@barnacle/protocol/runtime";
import { SiteId } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";
import type { Settings } from "../state/index.ts";
import { askToPair, type PairProfile } from "./client.ts";
import type { PostJson } from "./post-json.ts";
import { PostOffice } from "./post-office.ts";

const KEY = "hub";
const SHORTEST_POLL_MS = 500;

const Cached = Type.Object({
  /** The hub it was learnt from; another configured hub makes the entry worthless. */
  hub: Type.String(),
  site: SiteId,
  host: Type.String(),
  port: Type.Integer(),
  tls: Type.Boolean(),
});

/** Where the broker of the site is. */
export type HubAddress = Pick<Static<typeof Cached>, "site" | "host" | "port" | "tls">;

export interface Membership {
  /** From the last time the node was paired with this hub; no network. */
  known(): HubAddress | undefined;
  /** Asks until the hub says paired, waiting for an operator if need be. @throws the hub's refusal, HUB_UNREACHABLE */
  join(signal: AbortSignal): Promise<HubAddress>;
  /** Asks once, to learn a changed address. @throws as `join`, NOT_PAIRED while approval is pending */
  refresh(signal: AbortSignal): Promise<void>;
}

export interface MembershipParts {
  readonly hub: string;
  readonly identity: DeviceIdentity;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly setupCode: string | undefined;
  readonly profile: () => PairProfile;
  /** Told once per request what the operator has to do. */
  readonly pending: (request: { requestId: string; expiresAt: number; command: string }) => void;
  /** Default: from a process of its own. */
  readonly post?: PostJson;
}

/** Membership of a site through the hub's HTTP pairing, remembered so that the node comes up while the HTTP side is away. */
export class HubMembership implements Membership {
  readonly #parts: MembershipParts;
  #setupCode: string | undefined;
  #announced: string | undefined;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#setupCode = parts.setupCode;
  }

  known(): HubAddress | undefined {
    const cached = this.#parts.settings.get(KEY, Cached);
    return cached?.hub === this.#parts.hub ? cached : undefined;
  }

  async join(signal: AbortSignal): Promise<HubAddress> {
    return this.#posting((post) => this.#join(post, signal));
  }

  async refresh(signal: AbortSignal): Promise<void> {
    const answer = await this.#posting((post) => this.#ask(post, signal));
    if (answer.status === "paired") this.#keep(answer);
  }

  async #posting<T>(work: (post: PostJson) => Promise<T>): Promise<T> {
    if (this.#parts.post) return work(this.#parts.post);
    const office = new PostOffice();
    try {
      return await work(office.post);
    } finally {
      office.close();
    }
  }

  async #join(post: PostJson, signal: AbortSignal): Promise<HubAddress> {
    for (;;) {
      const answer = await this.#ask(post, signal);
      if (answer.status === "paired") return this.#keep(answer);
      if (this.#announced !== answer.requestId) {
        this.#announced = answer.requestId;
        const { requestId, expiresAt } = answer;
        this.#parts.pending({ requestId, expiresAt, command: `barnacle devices approve ${requestId}` });
      }
      await Promise.race([
        sleep(this.#parts.clock, Math.max(SHORTEST_POLL_MS, answer.pollAfterMs)),
        new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })),
      ]);
      signal.throwIfAborted();
    }
  }

  async #ask(post: PostJson, signal: AbortSignal): Promise<PairAnswer> {
    const { hub, identity, profile, log } = this.#parts;
    const setupCode = this.#setupCode;
    try {
      return await askToPair({ hub, identity, profile: profile(), setupCode, post }, signal);
    } catch (error) {
      // The same wrong code sent again would only lock the hub; an operator can still approve the request.
      if (setupCode === undefined || !hasCode(error, "PAIRING_CODE_WRONG", "PAIRING_LOCKED")) throw error;
      this.#setupCode = undefined;
      log.error({ code: error.code, hint: error.hint }, `${error.message}; asking for an operator's approval instead`);
      throw error;
    }
  }

  #keep(answer: Extract<PairAnswer, { status: "paired" }>): HubAddress {
    const { hub, settings } = this.#parts;
    const host = new URL(hub).hostname.replace(/^\[|\]$/g, "");
    const address: HubAddress = { site: answer.site, host, port: answer.mqtt.port, tls: answer.mqtt.tls };
    const old = this.known();
    const same = old && old.site === address.site && old.port === address.port && old.tls === address.tls;
    if (!same) settings.set(KEY, { hub, ...address });
    // A used code is spent; asking again with it would count as a wrong one.
    this.#setupCode = undefined;
    this.#announced = undefined;
    return address;
  }
}
