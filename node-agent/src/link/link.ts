import { BarnacleError, hasCode, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import { type DeviceIdentity, mqttPassword } from "@barnacle/protocol/identity";
import {
  type Decoded,
  decode,
  encode,
  filterFor,
  MQTT_CONTRACT,
  type NodeAddress,
  parseTopic,
  type TopicBody,
  type TopicName,
  topicFor,
} from "@barnacle/protocol/mqtt";
import { type Clock, Events, type Log, type Random, sleep, sleepUnless, type Unit } from "@barnacle/protocol/runtime";
import type { CapabilityManifest } from "@barnacle/protocol/schema";
import type { HubAddress, Membership } from "../pairing/index.ts";
import type { Settings } from "../state/index.ts";
import type { Counters } from "../telemetry/counters.ts";
import { Backoff } from "./backoff.ts";
import { HubTime } from "./hub-time.ts";
import { Incarnations } from "./incarnation.ts";
import { type OpenSession, openSession, type Session } from "./session.ts";
import { LinkToken } from "./token.ts";

const FROM_HUB = ["command", "reply", "ack", "config", "token", "wanted"] as const satisfies readonly TopicName[];
type FromHub = (typeof FROM_HUB)[number];
export type ToHub = Exclude<TopicName, FromHub | "state" | "caps">;

const STABLE_MS = 10_000;
const FAREWELL_MS = 1000;

export type LinkState = "off" | "pairing" | "connecting" | "online" | "waiting";

export type LinkEventMap = { [N in FromHub]: Decoded<N> } & {
  state: { state: LinkState; reason?: string; incarnation?: number };
};

export interface LinkParts {
  readonly identity: DeviceIdentity;
  readonly agentVersion: string;
  readonly membership: Membership;
  readonly settings: Settings;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What the node can do now; sent at birth and by `announce`. */
  readonly manifest: () => CapabilityManifest;
  readonly open?: OpenSession;
}

/**
 * The node's line to its hub: pairs when it must, connects with a fresh proof each time, announces the node, and starts
 * again for ever with growing pauses. Messages from the hub come out of `events`, decoded and checked.
 */
export class Link implements Unit {
  readonly events = new Events<LinkEventMap>();
  readonly #parts: LinkParts;
  readonly #backoff: Backoff;
  readonly #hubTime: HubTime;
  readonly #token: LinkToken;
  /** Connects again without a pause: with another token. */
  #again = false;
  readonly #incarnations: Incarnations;
  readonly #complained = new Set<string>();
  #state: LinkState = "off";
  #abort: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #online: { session: Session; address: NodeAddress; incarnation: number } | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.random);
    this.#hubTime = new HubTime(parts.clock);
    this.#token = new LinkToken(parts.settings);
    this.#incarnations = new Incarnations(parts.settings, parts.clock);
  }

  /** True once the hub knows that the node is there and what it can do. */
  get connected(): boolean {
    return this.#online !== undefined && this.#state === "online";
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Resolves at once; the connection comes and goes by itself from then on. */
  async start(): Promise<void> {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.#running = this.#run(this.#abort.signal);
  }

  /** Says farewell if connected, then disconnects. */
  async stop(): Promise<void> {
    this.#abort?.abort();
    const online = this.#online;
    if (online) {
      const farewell = this.#sendState(online, "offline", "stopping").catch((error: unknown) =>
        this.#parts.log.debug({ reason: messageOf(error) }, "farewell not delivered"),
      );
      await Promise.race([farewell, sleep(this.#parts.clock, FAREWELL_MS)]);
      await online.session.end();
    }
    await this.#running;
    this.#abort = undefined;
    this.#setState({ state: "off" });
  }

  /**
   * Sends one message; resolves when the broker has it.
   * @param id what stands at the topic's `+`
   * @throws HUB_UNREACHABLE when not connected, TIMEOUT, MESSAGE_MALFORMED
   */
  async publish<N extends ToHub>(
    name: N,
    body: TopicBody<N>,
    ids: { message?: string; topic?: string } = {},
  ): Promise<void> {
    const { clock, random } = this.#parts;
    const payload = encode(name, { id: ids.message ?? random.uuid(), ts: Math.floor(clock.now()) }, body);
    if (!this.#online) throw new BarnacleError("HUB_UNREACHABLE", "the hub is not connected");
    const { qos, retain } = MQTT_CONTRACT[name];
    await this.#online.session.publish(topicFor(this.#online.address, name, ids.topic), payload, { qos, retain });
  }

  /** Sends the manifest again because it changed; when not connected, the next birth carries it. */
  async announce(): Promise<void> {
    if (!this.#online) return;
    const { session, address } = this.#online;
    await session.publish(topicFor(address, "caps"), this.#manifest(), { qos: 1, retain: true });
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let reason: string;
      try {
        reason = await this.#life(signal);
      } catch (error) {
        const failure = toBarnacleError(error, "HUB_UNREACHABLE");
        reason = failure.message;
        if (!this.#again) {
          this.#report(failure);
          await this.#learnWhy(failure, signal);
        }
      }
      if (signal.aborted) return;
      const again = this.#again;
      this.#again = false;
      if (again) continue;
      const pause = this.#backoff.next();
      this.#setState({ state: "waiting", reason });
      await sleepUnless(signal, this.#parts.clock, pause);
    }
  }

  /** One connection, from pairing to its end; returns why it ended. */
  async #life(signal: AbortSignal): Promise<string> {
    const { membership, identity, clock, counters, log } = this.#parts;
    let hub = membership.known();
    if (!hub) {
      this.#setState({ state: "pairing" });
      hub = await membership.join(signal);
    }
    this.#setState({ state: "connecting" });
    const incarnation = this.#incarnations.next();
    const address = { site: hub.site, node: identity.deviceId };
    this.#hubTime.forget();
    const session = await this.#openWith(hub, address, incarnation);
    try {
      if (signal.aborted) return "stopping";
      await session.subscribe(FROM_HUB.map((name) => filterFor(address, name)));
      const online = { session, address, incarnation };
      // Before the birth: the hub answers it with the commands it still wants done, and their results must find a way.
      this.#online = online;
      await this.#sendState(online, "online");
      await session.publish(topicFor(address, "caps"), this.#manifest(), { qos: 1, retain: true });
      counters.add("connects");
      this.#complained.delete("link");
      log.info({ hub: `${hub.host}:${hub.port}`, site: hub.site, incarnation }, "connected to the hub");
      this.#setState({ state: "online", incarnation });
      const calm = clock.after(STABLE_MS, () => this.#backoff.reset());
      const reason = await session.closed;
      calm();
      if (!signal.aborted) log.warn({ reason }, "connection to the hub lost");
      return reason;
    } finally {
      this.#online = undefined;
      await session.end();
    }
  }

  async #openWith(hub: HubAddress, address: NodeAddress, incarnation: number): Promise<Session> {
    const token = this.#token.best;
    try {
      const session = await this.#open(hub, address, incarnation, token);
      this.#token.taken(token);
      return session;
    } catch (error) {
      this.#again = hasCode(error, "NOT_PAIRED") && this.#token.refused(token);
      throw error;
    }
  }

  #open(hub: HubAddress, address: NodeAddress, incarnation: number, token: string | undefined): Promise<Session> {
    const { identity, clock, random } = this.#parts;
    const stamp = { id: random.uuid(), ts: Math.floor(clock.now()) };
    const will = encode("state", stamp, this.#stateBody("offline", incarnation, "lost"));
    return (this.#parts.open ?? openSession)({
      host: hub.host,
      port: hub.port,
      tls: hub.tls,
      site: hub.site,
      authority: hub.authority,
      clientId: identity.deviceId,
      password: mqttPassword(identity, hub.site, incarnation, token),
      will: { topic: topicFor(address, "state"), payload: will },
      message: (topic, payload) => this.#receive(topic, payload),
    });
  }

  /** A refusal says nothing by itself and an old address may be stale: the hub's HTTP side knows better, if it is there. */
  async #learnWhy(failure: BarnacleError, signal: AbortSignal): Promise<void> {
    const { membership, log } = this.#parts;
    try {
      if (failure.code === "NOT_PAIRED") {
        this.#setState({ state: "pairing", reason: failure.message });
        await membership.join(signal);
      } else if (membership.known()) await membership.refresh(signal);
    } catch (error) {
      if (failure.code === "NOT_PAIRED") this.#report(toBarnacleError(error, "HUB_UNREACHABLE"));
      else log.debug({ reason: messageOf(error) }, "the hub's HTTP side does not answer either");
    }
  }

  #receive(topic: string, payload: Buffer): void {
    const parsed = parseTopic(topic);
    const name = FROM_HUB.find((known) => known === parsed?.name);
    if (!parsed || !name) {
      this.#malformed(topic.split("/").slice(4).join("/"), "no such topic in the contract");
      return;
    }
    try {
      this.#deliver(name, payload);
    } catch (error) {
      if (hasCode(error, "MESSAGE_MALFORMED")) this.#malformed(name, error.message);
      else this.#parts.log.error({ topic: name, reason: messageOf(error) }, "a message could not be handled");
    }
  }

  #deliver<N extends FromHub>(name: N, payload: Buffer): void {
    const message = decode(name, payload, 0);
    const now = this.#hubTime.observe(message.ts);
    if (message.exp !== undefined && message.exp < now) {
      this.#parts.counters.add("expired");
      this.#parts.log.warn({ topic: name, id: message.id }, "message came after its expiry; dropped");
      return;
    }
    if (name === "token") this.#renew((message as Decoded<"token">).body.token);
    else this.events.emit(name, message as LinkEventMap[N]);
  }

  /** Keeps the new token and comes back with it: that is how the hub knows that it has arrived. */
  #renew(token: string): void {
    this.#token.offered(token);
    this.#parts.log.info({}, "the hub has a new token for this node; connecting with it");
    this.#again = true;
    this.#online?.session.end().catch((error: unknown) => {
      this.#parts.log.debug({ reason: messageOf(error) }, "the connection had ended already");
    });
  }

  #malformed(kind: string, reason: string): void {
    this.#parts.counters.add("malformed");
    if (this.#complained.has(`malformed ${kind}`)) return;
    this.#complained.add(`malformed ${kind}`);
    this.#parts.log.warn(
      { topic: kind, reason },
      "malformed message dropped; further ones of its kind are only counted",
    );
  }

  /** The same failure again and again is one line in the log. */
  #report(failure: BarnacleError): void {
    this.#parts.counters.add("connectFailures");
    const text = `${failure.code}: ${failure.message}`;
    const fields = { code: failure.code, reason: failure.message, hint: failure.hint };
    if (this.#complained.has(text)) this.#parts.log.debug(fields, "still no connection to the hub");
    else this.#parts.log.warn(fields, "no connection to the hub; trying on");
    this.#complained.add(text);
  }

  #sendState(
    online: { session: Session; address: NodeAddress; incarnation: number },
    status: "online" | "offline",
    reason?: string,
  ) {
    const stamp = { id: this.#parts.random.uuid(), ts: Math.floor(this.#parts.clock.now()) };
    const payload = encode("state", stamp, this.#stateBody(status, online.incarnation, reason));
    return online.session.publish(topicFor(online.address, "state"), payload, { qos: 1, retain: true });
  }

  #stateBody(status: "online" | "offline", incarnation: number, reason?: string): TopicBody<"state"> {
    const { agentVersion } = this.#parts;
    return { status, incarnation, agentVersion, ...(reason === undefined ? {} : { reason }) };
  }

  #manifest(): Buffer {
    const { random, clock, manifest } = this.#parts;
    return encode("caps", { id: random.uuid(), ts: Math.floor(clock.now()) }, manifest());
  }

  #setState(state: LinkEventMap["state"]): void {
    if (this.#state === state.state) return;
    this.#state = state.state;
    this.events.emit("state", state);
  }
}
