import { type DeviceIdentity, mqttPassword } from "@barnacle/protocol/identity";
import { encode, filterFor, type NodeState, type TopicBody, type TopicName, topicFor } from "@barnacle/protocol/mqtt";
import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { VoiceTurnReport } from "@barnacle/protocol/schema";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { MemoryCounters } from "../counters.ts";
import { SITE, type TestRegistry, testRegistry } from "../devices/testing.ts";
import { StoredInbox } from "../inbox/index.ts";
import { MqttBroker, type MqttBrokerOptions } from "./broker.ts";
import { HubInbound } from "./inbound.ts";

interface Teardown {
  teardown(fn: () => unknown): void;
}

export interface TestBroker extends TestRegistry {
  broker: MqttBroker;
  readonly counters: MemoryCounters;
  readonly inbox: StoredInbox;
  /** What came in, in order: `[device id, kind, body]`. */
  readonly received: [string, string, unknown][];
  /** Run before an incoming turn counts as stored. */
  beforeStore: (report: VoiceTurnReport) => Promise<void>;
  /** Stops the broker and starts another one on the same store. */
  reopen(): Promise<void>;
}

/** A broker on a real port with the real registry behind it; turns are only recorded. */
export async function testBroker(t: Teardown, patch: Partial<MqttBrokerOptions> = {}): Promise<TestBroker> {
  const registry = await testRegistry(t);
  const counters = new MemoryCounters();
  const inbox = new StoredInbox({ store: registry.store, clock: registry.clock, random: seededRandom(4) });
  const received: TestBroker["received"] = [];
  const note = (kind: string) => async (deviceId: string, body: unknown) => {
    received.push([deviceId, kind, body]);
  };
  const inbound = new RecordingInbound(note("state"), {
    devices: registry.devices,
    actual: note("actual"),
    inbox,
    counters,
    log: silentLog,
    voice: {
      wake: note("wake"),
      spoken: note("spoken"),
      async receive(deviceId, report) {
        await test.beforeStore(report);
        received.push([deviceId, "turn", report]);
      },
    },
  });
  const build = () =>
    new MqttBroker({
      ...{ host: "127.0.0.1", port: 0, site: SITE, devices: registry.devices, inbound, store: registry.store },
      ...{ counters, clock: registry.clock, random: seededRandom(3), log: silentLog },
      ...patch,
    });
  const test: TestBroker = Object.assign(registry, {
    ...{ broker: build(), inbox, counters, received },
    beforeStore: async () => {},
    async reopen() {
      await test.broker.stop();
      test.broker = build();
      await test.broker.start();
    },
  });
  await test.broker.start();
  t.teardown(() => test.broker.stop());
  return test;
}

class RecordingInbound extends HubInbound {
  readonly #note: (deviceId: string, body: unknown) => Promise<void>;

  constructor(
    note: (deviceId: string, body: unknown) => Promise<void>,
    options: ConstructorParameters<typeof HubInbound>[0],
  ) {
    super(options);
    this.#note = note;
  }

  override async state(deviceId: string, state: NodeState): Promise<void> {
    await this.#note(deviceId, state);
    await super.state(deviceId, state);
  }
}

/** A node on the `mqtt` package, without any of the node agent's code. */
export class Peer {
  readonly client: MqttClient;
  readonly identity: DeviceIdentity;
  readonly messages: { topic: string; body: Record<string, unknown>; retain: boolean }[] = [];
  readonly closed: Promise<unknown>;
  readonly #waiting: (() => void)[] = [];

  constructor(t: Teardown, port: number, identity: DeviceIdentity, incarnation: number, options: IClientOptions = {}) {
    this.identity = identity;
    this.client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
      clientId: identity.deviceId,
      username: identity.deviceId,
      password: mqttPassword(identity, SITE, incarnation),
      reconnectPeriod: 0,
      ...options,
    });
    this.client.on("error", () => {
      // A refusal shows in `admitted` and `closed`.
    });
    this.client.on("message", (topic, payload, packet) => {
      const { body } = JSON.parse(payload.toString()) as { body: Record<string, unknown> };
      this.messages.push({ topic, body, retain: packet.retain });
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => this.client.once("close", () => resolve(undefined)));
    t.teardown(() => this.client.end(true));
  }

  topic(name: TopicName, id?: string): string {
    return topicFor({ site: SITE, node: this.identity.deviceId }, name, id);
  }

  /** Resolves with the CONNACK code. */
  admitted(): Promise<number> {
    return new Promise((resolve) => {
      this.client.once("connect", () => resolve(0));
      this.client.once("error", (error) => resolve(Number(Reflect.get(error, "code"))));
    });
  }

  async subscribe(...names: TopicName[]): Promise<void> {
    for (const name of names) {
      await this.client.subscribeAsync(filterFor({ site: SITE, node: this.identity.deviceId }, name), { qos: 1 });
    }
  }

  /** Resolves with the PUBACK; rejects when the connection ends first. */
  publish<N extends TopicName>(name: N, id: string, body: TopicBody<N>, at?: string): Promise<unknown> {
    const payload = encode(name, { id, ts: 1 }, body);
    return this.raw(this.topic(name, at), payload, { qos: 1, retain: name === "state" || name === "caps" });
  }

  raw(topic: string, payload: string | Buffer, options: { qos: 0 | 1 | 2; retain: boolean }): Promise<unknown> {
    return Promise.race([
      this.client.publishAsync(topic, payload, options),
      this.closed.then(() => Promise.reject(new TypeError("closed before it was acknowledged"))),
    ]);
  }

  birth(incarnation: number): Promise<unknown> {
    return this.publish("state", `birth-${incarnation}`, { status: "online", incarnation, agentVersion: "0.1.0" });
  }

  async message(topic: string): Promise<{ topic: string; body: Record<string, unknown>; retain: boolean }> {
    for (;;) {
      const found = this.messages.find((message) => message.topic === topic);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

export function willOf(identity: DeviceIdentity, incarnation: number): IClientOptions["will"] {
  const body = { status: "offline" as const, incarnation, agentVersion: "0.1.0", reason: "lost" };
  return {
    topic: topicFor({ site: SITE, node: identity.deviceId }, "state"),
    payload: encode("state", { id: `will-${incarnation}`, ts: 1 }, body),
    qos: 1,
    retain: true,
  };
}

export function turnReport(turnId: string): VoiceTurnReport {
  return {
    turnId,
    startedAt: 1,
    wake: { engine: "openwakeword", phrase: "hey jarvis", score: 0.9, latencyMs: 5 },
    outcome: "transcript",
    transcript: "turn on the kitchen light",
    spans: [],
  };
}

/** Waits for something that another process or socket does. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
