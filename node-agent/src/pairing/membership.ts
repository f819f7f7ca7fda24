import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import type { DeviceIdentity } from "@barnacle/protocol/identity";
import { authorityFingerprint, type PairAnswer } from "@barnacle/protocol/pairing";
import { type Clock, type Log, sleepUnless } from "@barnacle/protocol/runtime";
import { SiteId } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";
import type { Settings } from "../state/index.ts";
import { type Asked, askToPair, type PairProfile } from "./client.ts";
import { hostOf } from "./post-json.ts";
import { type Courier, PostOffice } from "./post-office.ts";
import type { Trust } from "./secure-socket.ts";
import { secured, theHub } from "./where.ts";

const KEY = "hub";
const SHORTEST_POLL_MS = 500;
const FIND_MS = 3_000;
const HERE = "http://127.0.0.1:18789";

const Cached = Type.Object({
  /** The hub it was learnt from; another configured hub makes the entry worthless. */
  hub: Type.String(),
  site: SiteId,
  host: Type.String(),
  port: Type.Integer(),
  tls: Type.Boolean(),
  /** Certificate of the hub's authority, PEM; pinned at the first contact. */
  authority: Type.Optional(Type.String()),
  /** The HTTP side is vouched for by the system's authorities instead: a proxy with a public name. */
  publicName: Type.Optional(Type.Boolean()),
});
type Cached = Static<typeof Cached>;

/** Where the broker of the site is, and by what it is known. */
export type HubAddress = Pick<Cached, "site" | "host" | "port" | "tls" | "authority">;

export interface Membership {
  /** From the last time the node was paired with this hub; no network. */
  known(): HubAddress | undefined;
  /** Asks until the hub says paired, waiting for an operator if need be. @throws the hub's refusal, HUB_UNREACHABLE */
  join(signal: AbortSignal): Promise<HubAddress>;
  /** Asks once, to learn a changed address. @throws as `join`, NOT_PAIRED while approval is pending */
  refresh(signal: AbortSignal): Promise<void>;
}

/** How the node was told to come in. */
export interface Invitation {
  /** Good once. */
  readonly secret?: string;
  /** How the fingerprint of the hub's authority begins. */
  readonly authority?: string;
}

export interface MembershipParts {
  /** Undefined: the one that is known, else the one on this machine, else the one that answers by mDNS. */
  readonly hub: string | undefined;
  readonly identity: DeviceIdentity;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly invitation: Invitation;
  readonly profile: () => PairProfile;
  /** Told once per request what the operator has to do. */
  readonly pending: (request: { requestId: string; expiresAt: number; command: string }) => void;
  /** The hub has a token for this node that was not used yet. */
  readonly token?: (token: string) => void;
  /** Paired: the secret is worth nothing any more. */
  readonly joined?: () => void;
  /** Default: a process of its own. */
  readonly courier?: Courier;
}

/** Membership of a site through the hub's HTTP pairing, remembered so that the node comes up while the HTTP side is away. */
export class HubMembership implements Membership {
  readonly #parts: MembershipParts;
  #secret: string | undefined;
  #announced: string | undefined;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#secret = parts.invitation.secret;
  }

  known(): HubAddress | undefined {
    return this.#cached();
  }

  async join(signal: AbortSignal): Promise<HubAddress> {
    return this.#withCourier((courier) => this.#join(courier, signal));
  }

  async refresh(signal: AbortSignal): Promise<void> {
    const asked = await this.#withCourier((courier) => this.#ask(courier, signal));
    if (asked.answer.status === "paired") this.#keep(asked.hub, asked.answer, asked.authority);
  }

  #cached(): Cached | undefined {
    const { hub, settings } = this.#parts;
    const cached = settings.get(KEY, Cached);
    return hub === undefined || cached?.hub === hub ? cached : undefined;
  }

  async #withCourier<T>(work: (courier: Courier) => Promise<T>): Promise<T> {
    if (this.#parts.courier) return work(this.#parts.courier);
    const office = new PostOffice();
    try {
      return await work(office);
    } finally {
      office.close();
    }
  }

  async #join(courier: Courier, signal: AbortSignal): Promise<HubAddress> {
    for (;;) {
      const { hub, answer, authority } = await this.#ask(courier, signal);
      if (answer.status === "paired") return this.#keep(hub, answer, authority);
      if (this.#announced !== answer.requestId) {
        this.#announced = answer.requestId;
        const { requestId, expiresAt } = answer;
        this.#parts.pending({ requestId, expiresAt, command: `barnacle devices approve ${requestId}` });
      }
      await sleepUnless(signal, this.#parts.clock, Math.max(SHORTEST_POLL_MS, answer.pollAfterMs));
      signal.throwIfAborted();
    }
  }

  async #ask(courier: Courier, signal: AbortSignal): Promise<Asked & { hub: string }> {
    const hub = this.#parts.hub ?? this.#cached()?.hub;
    if (hub === undefined) return this.#askWhoAnswers(courier, signal);
    try {
      return await this.#askAt(hub, courier, signal);
    } catch (error) {
      // It may have another address today. Only a hub that can be told from others is looked for.
      const wanted = this.#wanted();
      if (!hasCode(error, "HUB_UNREACHABLE") || wanted === undefined) throw error;
      const found = await courier.find(FIND_MS, signal).catch(() => []);
      const moved = found.find(({ authority, url }) => authority?.startsWith(wanted) && url !== hub);
      if (!moved) throw error;
      return this.#askAt(moved.url, courier, signal);
    }
  }

  async #askWhoAnswers(courier: Courier, signal: AbortSignal): Promise<Asked & { hub: string }> {
    const wanted = this.#wanted();
    if (wanted === undefined) {
      try {
        return await this.#askAt(HERE, courier, signal);
      } catch (error) {
        if (!hasCode(error, "HUB_UNREACHABLE")) throw error;
      }
    }
    const { url, name } = theHub(await courier.find(FIND_MS, signal), wanted);
    this.#parts.log.info({ hub: url, name }, "found a hub on the network");
    return this.#askAt(url, courier, signal);
  }

  async #askAt(hub: string, courier: Courier, signal: AbortSignal): Promise<Asked & { hub: string }> {
    const { identity, profile, log } = this.#parts;
    const setupCode = this.#secret;
    try {
      const about = { hub: secured(hub), identity, profile: profile(), setupCode, trust: this.#trust() };
      return { ...(await askToPair({ ...about, post: courier.post }, signal)), hub };
    } catch (error) {
      // The same wrong code sent again would only lock the hub; an operator can still approve the request.
      if (setupCode === undefined || !hasCode(error, "PAIRING_CODE_WRONG", "PAIRING_LOCKED")) throw error;
      this.#secret = undefined;
      log.error({ code: error.code, hint: error.hint }, `${error.message}; asking for an operator's approval instead`);
      throw error;
    }
  }

  /** An invitation of today is the operator's word and outweighs what was pinned before. */
  #trust(): Trust {
    const { authority: expects } = this.#parts.invitation;
    const cached = this.#cached();
    if (cached?.authority !== undefined && (expects === undefined || this.#pinned()?.startsWith(expects))) {
      return cached.publicName ? {} : { authority: cached.authority };
    }
    return expects === undefined ? {} : { expects };
  }

  /** By what the hub can be told from others on the network. */
  #wanted(): string | undefined {
    return this.#parts.invitation.authority ?? this.#pinned();
  }

  #pinned(): string | undefined {
    const pem = this.#cached()?.authority;
    return pem === undefined ? undefined : authorityFingerprint(pem);
  }

  #keep(hub: string, answer: Extract<PairAnswer, { status: "paired" }>, seen: string | undefined): HubAddress {
    const { settings, log, joined } = this.#parts;
    const authority = this.#authorityOf(hub, answer, seen);
    const publicName = secured(hub).startsWith("https:") && seen === undefined;
    const entry: Cached = {
      ...{ hub: this.#parts.hub ?? hub, site: answer.site, host: hostOf(new URL(hub)), ...answer.mqtt },
      ...(authority === undefined ? {} : { authority }),
      ...(publicName ? { publicName } : {}),
    };
    const old = this.#cached();
    if (JSON.stringify(old) !== JSON.stringify(entry)) settings.set(KEY, entry);
    if (authority !== undefined && old?.authority !== authority) {
      log.info({ authority: authorityFingerprint(authority) }, "the hub's authority is pinned from now on");
    }
    if (answer.token !== undefined) this.#parts.token?.(answer.token);
    // A used code is spent; asking again with it would count as a wrong one.
    this.#secret = undefined;
    this.#announced = undefined;
    joined?.();
    return entry;
  }

  /** The authority to pin. @throws HUB_UNTRUSTED when the hub's word on it is not what was seen or expected */
  #authorityOf(
    hub: string,
    { mqtt, authority: told }: Extract<PairAnswer, { status: "paired" }>,
    seen: string | undefined,
  ): string | undefined {
    const pem = told ?? (mqtt.tls ? seen : undefined);
    if (pem === undefined) return undefined;
    const fingerprint = authorityFingerprint(pem);
    const wanted = seen === undefined ? this.#parts.invitation.authority : authorityFingerprint(seen);
    if (wanted === undefined || fingerprint.startsWith(wanted)) return pem;
    throw new BarnacleError(
      "HUB_UNTRUSTED",
      `${hub} names the authority ${fingerprint.slice(0, 16)}…, but ${wanted.slice(0, 16)}… was expected`,
    );
  }
}
