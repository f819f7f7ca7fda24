import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { BarnacleError, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import { parseMqttPassword } from "@barnacle/protocol/identity";
import {
  encode,
  MAX_PAYLOAD_BYTES,
  MQTT_CONTRACT,
  maySubscribe,
  type TopicBody,
  type TopicName,
  topicFor,
} from "@barnacle/protocol/mqtt";
import { Events, type Unit } from "@barnacle/protocol/runtime";
import { Aedes, type Client, type PublishPacket, type Subscription } from "aedes";
import mqttPacket from "mqtt-packet";
import { checkWill, refusal } from "./admission.ts";
import { Faults } from "./faults.ts";
import { Ingest } from "./ingest.ts";
import { Listeners } from "./listeners.ts";
import type { BrokerEvents, BrokerLimits, MqttBrokerOptions } from "./options.ts";
import { BrokerPersistence } from "./persistence.ts";
import { RetainedStore } from "./retained-store.ts";
import type { Greeting, Session, WillMessage } from "./session.ts";

export type { BrokerEvents, BrokerLimits, MqttBrokerOptions } from "./options.ts";

// Its table of all 65,536 packet ids, made at the first packet for the whole process, costs 9 MB and saves microseconds.
mqttPacket.writeToStream.cacheNumbers = false;

const LIMITS: BrokerLimits = {
  maxClients: 2000,
  connectTimeoutMs: 10_000,
  maxPacketBytes: MAX_PAYLOAD_BYTES + 1024,
};
const KEEPALIVE_LIMIT_S = 300;

/**
 * The embedded MQTT broker. It admits paired devices only, keeps each to its own topics, and acknowledges a node's message
 * only after the hub has stored it: decoding and storing happen inside the library's publish permission, which comes before
 * the PUBACK.
 */
export class MqttBroker implements Unit {
  readonly events = new Events<BrokerEvents>();
  readonly #options: MqttBrokerOptions;
  readonly #limits: BrokerLimits;
  readonly #faults: Faults;
  readonly #ingest: Ingest;
  readonly #persistence: BrokerPersistence;
  readonly #listeners: Listeners;
  readonly #sessions = new Map<string, Session>();
  readonly #byClient = new WeakMap<Client, Session>();
  readonly #greetings = new WeakMap<Client, Greeting>();
  #aedes: Aedes | undefined;
  #stopping = false;

  constructor(options: MqttBrokerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#faults = new Faults(options);
    this.#ingest = new Ingest({
      inbound: options.inbound,
      faults: this.#faults,
      clock: options.clock,
      site: options.site,
    });
    const { host, port, counters, log } = options;
    const door = { host, port, counters, log, maxClients: this.#limits.maxClients };
    this.#listeners = new Listeners(door, options.secure);
    this.#persistence = new BrokerPersistence(new RetainedStore(options));
  }

  /** The port in use; 0 before the start. */
  get port(): number {
    return this.#listeners.port;
  }

  /** The same of TLS; undefined without. */
  get tlsPort(): number | undefined {
    return this.#listeners.tlsPort;
  }

  /** True from the start to the stop: what is published now reaches the broker. */
  get isOpen(): boolean {
    return this.#aedes !== undefined;
  }

  get clients(): number {
    return this.#sessions.size;
  }

  /** What this device did wrong since the start, by kind. */
  faultsOf(deviceId: string): Readonly<Record<string, number>> {
    return this.#faults.of(deviceId);
  }

  /** @throws PORT_BUSY, BIND_REFUSED */
  async start(): Promise<void> {
    this.#stopping = false;
    const { devices } = this.#options;
    devices.events.on("revoked", ({ deviceId, role, reason }) => this.#revoked(deviceId, role, reason), this);
    devices.events.on("removed", ({ deviceId }) => this.#removed(deviceId), this);
    const aedes = await Aedes.createBroker({
      persistence: this.#persistence,
      connectTimeout: this.#limits.connectTimeoutMs,
      keepaliveLimit: KEEPALIVE_LIMIT_S,
      maxClientsIdLength: 64,
      preConnect: (client, packet, done) => {
        // Sessions are clean whatever the client asks: what must survive is repeated by the sender until acknowledged.
        packet.clean = true;
        const guard = this.#listeners.guardOf(client.conn);
        this.#greetings.set(client, { will: keptApart(packet.will as WillMessage | undefined), guard });
        done(null, true);
      },
      authenticate: (client, username, password, done) => {
        this.#admit(client, username, password).then(
          () => done(null, true),
          (error: unknown) => done(refusal(error), false),
        );
      },
      authorizePublish: (client, packet, done) => this.#authorizePublish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => this.#authorizeSubscribe(client, subscription, done),
    });
    this.#aedes = aedes;
    aedes.on("keepaliveTimeout", (client) => this.#setReason(client, "no sign of life (keep-alive)"));
    aedes.on("clientError", (client, error) => this.#setReason(client, error.message));
    aedes.on("connectionError", (_client, error) => {
      this.#options.counters.add("mqtt.connectionErrors");
      this.#options.log.debug({ problem: error.message }, "an MQTT connection failed before it was admitted");
    });
    aedes.on("clientDisconnect", (client) => this.#ended(client));
    aedes.on("ping", (_packet, client) => this.#touch(client));
    // The library reports failures of its own internals here; unheard, they would end the process.
    (aedes as EventEmitter).on("error", (error) => {
      this.#options.log.error({ problem: messageOf(error) }, "broker fault");
    });
    this.events.emit("open", {});
    try {
      await this.#listeners.open((socket) => aedes.handle(socket));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#options.devices.events.dropOwner(this);
    const aedes = this.#aedes;
    this.#aedes = undefined;
    await this.#listeners.close(async () => {
      if (aedes) await new Promise<void>((resolve) => aedes.close(() => resolve()));
    });
    await this.#persistence.destroy();
    this.#sessions.clear();
  }

  /** Connected, admitted and subscribed. */
  isReady(deviceId: string): boolean {
    return this.#sessions.get(deviceId)?.ready === true;
  }

  /** Publishes to one node. Resolves when the broker has handed it on; that is no proof that the node has it. */
  publish<N extends TopicName>(
    deviceId: string,
    name: N,
    id: string | undefined,
    body: TopicBody<N>,
    messageId?: string,
  ) {
    const { site, clock, random } = this.#options;
    const spec = MQTT_CONTRACT[name];
    return this.#send({
      cmd: "publish",
      topic: topicFor({ site, node: deviceId }, name, id),
      payload: encode(name, { id: messageId ?? random.uuid(), ts: clock.now() }, body),
      qos: spec.qos,
      retain: spec.retain,
      dup: false,
    });
  }

  kick(deviceId: string, reason: string): void {
    const session = this.#sessions.get(deviceId);
    if (!session) return;
    session.reason ??= reason;
    session.client.close();
  }

  async #admit(client: Client, username: string | undefined, password: Buffer | undefined): Promise<void> {
    const { clock, counters, devices, log, site } = this.#options;
    const greeting = this.#greetings.get(client);
    const remoteIp = (client.conn as Socket).remoteAddress ?? "unknown";
    try {
      if (username === undefined || username !== client.id) {
        throw new BarnacleError("PROOF_INVALID", "the MQTT user name and client id must both be the device id");
      }
      const device = await devices.admit(username, password?.toString("utf8") ?? "", remoteIp);
      if (client.closed) return;
      const { incarnation } = parseMqttPassword(password?.toString("utf8") ?? "");
      const willState = checkWill({ site, node: username }, greeting?.will, incarnation, clock.now());
      const previous = this.#sessions.get(device.deviceId);
      const session: Session = {
        deviceId: device.deviceId,
        client,
        incarnation,
        will: greeting?.will,
        willState,
        ready: false,
        reason: undefined,
        queue: Promise.resolve(),
      };
      this.#sessions.set(device.deviceId, session);
      this.#byClient.set(client, session);
      client.conn.once("close", () => this.#ended(client));
      greeting?.guard?.raise(this.#limits.maxPacketBytes);
      if (previous) {
        counters.add("mqtt.takeover");
        previous.client.close();
      }
    } catch (error) {
      counters.add("mqtt.refused.connect");
      log.warn({ deviceId: username?.slice(0, 64), remoteIp, problem: messageOf(error) }, "MQTT connection refused");
      throw error;
    }
  }

  #authorizePublish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const session = client ? this.#byClient.get(client) : undefined;
    if (!session) {
      done(new BarnacleError("FORBIDDEN", "no admitted device"));
      return;
    }
    const latest = this.#sessions.get(session.deviceId);
    const newer = latest !== undefined && latest !== session;
    if (session.will && (packet as unknown) === session.will) {
      if (this.#stopping || newer) done(new BarnacleError("CONFLICT", "a late will is ignored"));
      else this.#later(session, () => this.#ingest.will(session), done);
      return;
    }
    if (newer) {
      done(new BarnacleError("CONFLICT", "a newer connection of this device took over"));
      return;
    }
    const target = this.#ingest.target(session, packet);
    if (target === "forbidden") {
      this.#faults.note(session.deviceId, "violation.publish", `may not publish to ${packet.topic.slice(0, 200)}`);
      session.reason = "published to a topic that is not its own";
      done(new BarnacleError("FORBIDDEN", "not a topic of this device"));
      return;
    }
    if (target === "audio") {
      this.#options.counters.add("mqtt.audioFrames");
      done(null);
      return;
    }
    if (session.ready) this.#options.devices.touch(session.deviceId);
    const accept = () => this.#take(session, packet, target);
    // A result must not wait behind a message whose handling waits for that result.
    if (target.name === "result") {
      accept().then(() => done(null), done);
      return;
    }
    this.#later(session, accept, done);
  }

  async #take(session: Session, packet: PublishPacket, target: { name: TopicName; id: string | undefined }) {
    const taken = await this.#ingest.take(session, packet, target);
    switch (taken.kind) {
      case "dropped":
        // Acknowledged, so that it is not sent again, but neither kept nor passed on.
        packet.retain = false;
        return;
      case "stored":
        if (taken.ackId !== undefined) await this.publish(session.deviceId, "ack", undefined, { ids: [taken.ackId] });
        return;
      case "result":
        this.events.emit("result", { deviceId: session.deviceId, result: taken.result });
        return;
      case "state":
        session.ready = taken.online;
        if (taken.online) this.events.emit("ready", { deviceId: session.deviceId });
        return;
    }
  }

  #later(session: Session, job: () => Promise<void>, done: (error?: Error | null) => void): void {
    session.queue = session.queue.then(job).then(
      () => done(null),
      (error: unknown) => {
        // Not stored: no PUBACK; the connection ends and the node sends the message again.
        this.#options.counters.add("mqtt.notStored");
        this.#options.log.error({ deviceId: session.deviceId, problem: messageOf(error) }, "a message was not stored");
        session.reason = "the hub could not store a message";
        done(toBarnacleError(error));
      },
    );
  }

  #authorizeSubscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    const session = this.#byClient.get(client);
    if (session && maySubscribe({ site: this.#options.site, node: session.deviceId }, subscription.topic)) {
      done(null, subscription);
      return;
    }
    const deviceId = session?.deviceId ?? "unknown";
    this.#faults.note(deviceId, "violation.subscribe", `may not subscribe to ${subscription.topic.slice(0, 200)}`);
    if (session) session.reason = "subscribed to a topic that is not its own";
    done(new BarnacleError("FORBIDDEN", "not a topic of this device"));
  }

  #ended(client: Client): void {
    const session = this.#byClient.get(client);
    if (!session || this.#sessions.get(session.deviceId) !== session) return;
    // A will still waiting in the queue belongs to this session; let it be stored first.
    void session.queue.then(() => {
      if (this.#sessions.get(session.deviceId) !== session) return;
      this.#sessions.delete(session.deviceId);
      if (this.#stopping) return;
      const reason = session.reason ?? "connection closed";
      this.#options.devices.disconnected(session.deviceId, session.incarnation, reason).catch((error: unknown) => {
        this.#options.log.error({ deviceId: session.deviceId, problem: messageOf(error) }, "presence was not stored");
      });
      this.events.emit("gone", { deviceId: session.deviceId, reason });
    });
  }

  #revoked(deviceId: string, role: string | undefined, reason: string): void {
    if (role === undefined || role === "node") this.kick(deviceId, reason);
  }

  #removed(deviceId: string): void {
    this.kick(deviceId, "the device was removed");
    this.#faults.forget(deviceId);
    const node = { site: this.#options.site, node: deviceId };
    for (const name of ["state", "caps"] as const) {
      const topic = topicFor(node, name);
      if (!this.#persistence.retained(topic)) continue;
      void this.#send({ cmd: "publish", topic, payload: "", qos: 0, retain: true, dup: false });
    }
  }

  #send(packet: PublishPacket): Promise<void> {
    const aedes = this.#aedes;
    if (!aedes) return Promise.resolve();
    return new Promise((resolve) => {
      aedes.publish(packet, (error) => {
        if (error) this.#options.log.error({ topic: packet.topic, problem: messageOf(error) }, "not published");
        resolve();
      });
    });
  }

  #touch(client: Client): void {
    const session = this.#byClient.get(client);
    if (session?.ready) this.#options.devices.touch(session.deviceId);
  }

  #setReason(client: Client, reason: string): void {
    const session = this.#byClient.get(client);
    if (session) session.reason ??= reason;
  }
}

/** The same will, in memory of its own: as it came it is a part of what was read, 64 kB that would stay as long as the connection. */
function keptApart(will: WillMessage | undefined): WillMessage | undefined {
  if (will) Object.assign(will, { payload: copyOf(will.payload) });
  return will;
}

function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
