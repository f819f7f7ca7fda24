import { once } from "node:events";
import { createConnection } from "node:net";
import { BarnacleError } from "@barnacle/protocol/errors";
import { generateIdentity, mqttPassword } from "@barnacle/protocol/identity";
import { type TopicName, topicFor } from "@barnacle/protocol/mqtt";
import { silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { manifestOf, pairedNode, SITE } from "../devices/testing.ts";
import { BrokerPersistence } from "./persistence.ts";
import { RetainedStore } from "./retained-store.ts";
import { Peer, testBroker, turnReport, until, willOf } from "./testing.ts";

t.test("only a paired device that proves its key is admitted, and only with a new incarnation", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const stranger = generateIdentity();
  const { port } = hub.broker;
  t.equal(await new Peer(t, port, stranger, 1).admitted(), 5, "not paired");
  t.equal(
    await new Peer(t, port, identity, 1, { password: mqttPassword(stranger, SITE, 1) }).admitted(),
    4,
    "wrong key",
  );
  t.equal(await new Peer(t, port, identity, 1, { password: "guess" }).admitted(), 4, "no proof");
  t.equal(await new Peer(t, port, identity, 1, { clientId: "another" }).admitted(), 4, "another client id");
  t.equal(await new Peer(t, port, identity, 7).admitted(), 0);
  t.equal(await new Peer(t, port, identity, 7).admitted(), 4, "a recorded CONNECT");
  t.equal(await new Peer(t, port, identity, 8).admitted(), 0);
  await hub.devices.block(identity.deviceId);
  t.equal(await new Peer(t, port, identity, 9).admitted(), 5, "blocked");
  t.equal(hub.counters.snapshot()["mqtt.refused.connect"], 6);
});

t.test("a node may publish its own node-to-hub topics and nothing else", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const other = generateIdentity();
  const own = (name: TopicName, id?: string) => topicFor({ site: SITE, node: identity.deviceId }, name, id);
  const forbidden: [string, 0 | 1 | 2, boolean][] = [
    [own("command", "c1"), 1, false],
    [own("reply", "t1"), 1, false],
    [own("ack"), 1, false],
    [own("config"), 1, true],
    [own("turn"), 1, true],
    [own("turn"), 2, false],
    [own("state"), 1, false],
    [topicFor({ site: SITE, node: other.deviceId }, "turn"), 1, false],
    [topicFor({ site: "other", node: identity.deviceId }, "turn"), 1, false],
    [`barnacle/${SITE}/v1/${identity.deviceId}/unheard-of`, 1, false],
    ["$SYS/anything", 0, false],
  ];
  let incarnation = 1;
  for (const [topic, qos, retain] of forbidden) {
    const peer = new Peer(t, hub.broker.port, identity, incarnation++);
    await peer.admitted();
    peer.client.publish(topic, "{}", { qos, retain });
    await peer.closed;
    t.pass(`${topic} qos ${qos}${retain ? " retained" : ""}`);
  }
  t.equal(hub.counters.snapshot()["mqtt.violation.publish"], forbidden.length);
  t.equal(hub.broker.faultsOf(identity.deviceId)["violation.publish"], forbidden.length);
  t.same(hub.received, []);
});

t.test("a node may subscribe to its own hub-to-node topics and nothing else", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const peer = new Peer(t, hub.broker.port, identity, 1);
  await peer.admitted();
  await peer.subscribe("command", "reply", "ack", "config");
  let incarnation = 2;
  for (const filter of ["#", "barnacle/#", `barnacle/${SITE}/v1/+/config`, peer.topic("turn"), "$SYS/#"]) {
    const nosy = new Peer(t, hub.broker.port, identity, incarnation++);
    await nosy.admitted();
    nosy.client.subscribe(filter, () => {
      // The broker closes instead of granting.
    });
    await nosy.closed;
    t.pass(filter);
  }
  t.equal(hub.counters.snapshot()["mqtt.violation.subscribe"], 5);
});

t.test("what is decoded is handed in, in order, and turns are acknowledged by their id", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const { deviceId } = identity;
  const peer = new Peer(t, hub.broker.port, identity, 1, { will: willOf(identity, 1) });
  await peer.admitted();
  await peer.subscribe("ack");
  const ready = new Promise((resolve) => hub.broker.events.on("ready", resolve));
  t.notOk(hub.broker.isReady(deviceId), "not before its birth");
  await peer.birth(1);
  t.same(await ready, { deviceId });
  t.ok(hub.devices.get(deviceId)?.online);
  const wake = { ...turnReport("t1").wake, turnId: "t1", heardAt: 1 };
  await Promise.all([
    peer.publish("caps", "c", manifestOf()),
    peer.publish("wake", "w", wake),
    peer.publish("turn", "t1", turnReport("t1")),
    peer.publish("spoken", "t1-s", { turnId: "t1", spoken: true, spans: [] }),
    peer.publish("notice", "n", { kind: "microphone.lost", at: 1, data: {} }),
  ]);
  await peer.client.publishAsync(peer.topic("telemetry"), '{"v":1,"id":"x","ts":1,"body":{"temperatureC":41}}');
  await until(() => hub.devices.get(deviceId)?.telemetry !== undefined);
  t.equal(hub.devices.get(deviceId)?.manifest?.name, "Kitchen node");
  t.same(
    hub.received.map(([, kind]) => kind),
    ["state", "wake", "turn", "spoken"],
  );
  await until(() => peer.messages.length === 3);
  t.same(
    peer.messages.map(({ body }) => body),
    [{ ids: ["t1"] }, { ids: ["t1-s"] }, { ids: ["n"] }],
  );
});

t.test(
  "an event is on record before it is acknowledged, once however often it comes, over a restart too",
  async (t) => {
    const hub = await testBroker(t);
    const identity = await pairedNode(hub.devices);
    const edge = (at: number) => ({ kind: "gpio.edge", at, data: { line: 17, value: 1 } });
    const told = async (incarnation: number, ...ids: string[]) => {
      const peer = new Peer(t, hub.broker.port, identity, incarnation);
      await peer.admitted();
      await peer.subscribe("ack");
      await peer.birth(incarnation);
      for (const id of ids) await peer.publish("notice", id, edge(5));
      await until(() => peer.messages.length === ids.length);
      return peer.messages.map(({ body }) => body);
    };
    t.same(await told(1, "e1", "e1", "e2"), [{ ids: ["e1"] }, { ids: ["e1"] }, { ids: ["e2"] }]);
    await hub.reopen();
    t.same(await told(2, "e2"), [{ ids: ["e2"] }], "acknowledged again, because the first may have been lost");
    const { messages } = await hub.inbox.list({ channel: "events", archived: true });
    t.match(messages, [
      {
        ...{ externalId: "e2", account: identity.deviceId, text: "line 17: on", thread: "gpio.edge" },
        metadata: { line: 17 },
      },
      { externalId: "e1", at: 5 },
    ]);
    t.match(await hub.inbox.counts(), { unread: 0, archived: 2 }, "nobody has to read them");
    t.match(hub.counters.snapshot(), { "mqtt.notices": 2, "mqtt.repeatedNotices": 2 });
  },
);

t.test("notices read as sentences; only the newest are kept", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const peer = new Peer(t, hub.broker.port, identity, 1);
  await peer.admitted();
  await peer.birth(1);
  const bell = { line: 22, name: "door bell", value: 0, sequence: 2 };
  const told: unknown[] = [];
  hub.inbox.events.on("recorded", ({ message }) => told.push(message.metadata));
  await peer.publish("notice", "e1", { kind: "gpio.edge", at: 7, data: bell });
  await peer.publish("notice", "e1", { kind: "gpio.edge", at: 7, data: bell });
  await peer.publish("notice", "e2", { kind: "microphone.lost", at: 8, data: { reason: "unplugged" } });
  await peer.publish("notice", "e3", { kind: "gpio.edges.dropped", at: 9, data: { line: 22, value: 1, dropped: 9 } });
  await peer.publish("notice", "e4", { kind: "wake.unknown", at: 9, data: {} });
  const texts = async () =>
    (await hub.inbox.list({ channel: "events", archived: true })).messages.map(({ text }) => text);
  const all = ["wake.unknown", "line 22: 9 more changes, now on", "microphone.lost: unplugged", "door bell: off"];
  t.same(await texts(), all);
  t.same(told.length, 4, "whoever listens hears of each once");
  t.same(told[0], bell);
  t.equal(await hub.inbox.trim("events", 3), 1);
  t.equal(await hub.inbox.trim("events", 3), 0);
  t.same(await texts(), all.slice(0, 3));
});

t.test("the acknowledgement comes after storing; what cannot be stored is not acknowledged", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const peer = new Peer(t, hub.broker.port, identity, 1);
  await peer.admitted();
  await peer.birth(1);
  const gate = Promise.withResolvers<void>();
  hub.beforeStore = () => gate.promise;
  let acknowledged = false;
  const sent = peer.publish("turn", "t1", turnReport("t1")).then(() => {
    acknowledged = true;
  });
  await peer.client.publishAsync(peer.topic("telemetry"), '{"v":1,"id":"x","ts":1,"body":{}}');
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.equal(acknowledged, false);
  gate.resolve();
  await sent;
  hub.beforeStore = () => Promise.reject(new BarnacleError("STATE_UNWRITABLE", "disk full"));
  await t.rejects(peer.publish("turn", "t2", turnReport("t2")), { message: "closed before it was acknowledged" });
  t.equal(hub.counters.snapshot()["mqtt.notStored"], 1);
});

t.test("malformed messages are acknowledged, counted by device and kind, and go no further", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const peer = new Peer(t, hub.broker.port, identity, 1);
  await peer.admitted();
  await peer.birth(1);
  const bad = [
    "",
    "not json",
    "{}",
    '{"v":2,"id":"a","ts":1,"body":{}}',
    '{"v":1,"id":"a","ts":1,"body":{"turnId":1}}',
  ];
  for (const payload of bad) await peer.raw(peer.topic("turn"), payload, { qos: 1, retain: false });
  await peer.raw(peer.topic("caps"), "nonsense", { qos: 1, retain: true });
  await peer.publish("state", "s", { status: "online", incarnation: 99, agentVersion: "0" });
  const expired = '{"v":1,"id":"a","ts":1,"exp":2,"body":{"turnId":"t","spoken":true,"spans":[]}}';
  await peer.raw(peer.topic("spoken"), expired, { qos: 1, retain: false });
  const result = { commandId: "c2", idempotencyKey: "k", ok: true, duplicate: false, startedAt: 1, durationMs: 1 };
  await peer.publish("result", "r", result, "c1");
  t.same(hub.broker.faultsOf(identity.deviceId), {
    "malformed.turn": 5,
    "malformed.caps": 1,
    "malformed.state": 1,
    "expired.spoken": 1,
    "malformed.result": 1,
  });
  t.equal(hub.counters.snapshot()["mqtt.malformed.turn"], 5);
  t.same(
    hub.received.map(([, kind]) => kind),
    ["state"],
    "only the birth",
  );
  await hub.clock.advance(250);
  const kept = hub.store.all("SELECT topic FROM retained").map(({ topic }) => topic);
  t.same(kept, [peer.topic("state")], "what is malformed is not retained either");
  t.ok(peer.client.connected);
});

t.test("a fault is logged once per device, kind and minute", async (t) => {
  const warnings: object[] = [];
  const log = {
    ...{ debug() {}, info() {}, error() {} },
    warn: (fields: object) => warnings.push(fields),
    child: () => log,
  };
  const hub = await testBroker(t, { log });
  const peer = new Peer(t, hub.broker.port, await pairedNode(hub.devices), 1);
  await peer.admitted();
  const send = () => peer.raw(peer.topic("turn"), "x", { qos: 1, retain: false });
  await send();
  await send();
  t.equal(warnings.length, 1);
  await hub.clock.advance(60_000);
  await send();
  t.equal(warnings.length, 2);
});

t.test("R10.5 a will makes its own connection offline, a late one changes nothing", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const { deviceId } = identity;
  const changes: string[] = [];
  hub.devices.events.on("presence", ({ online, reason }) => changes.push(`${online}: ${reason}`));
  const first = new Peer(t, hub.broker.port, identity, 1, { will: willOf(identity, 1) });
  await first.admitted();
  await first.birth(1);
  const second = new Peer(t, hub.broker.port, identity, 2, { will: willOf(identity, 2) });
  await second.admitted();
  await first.closed;
  await second.birth(2);
  t.equal(hub.counters.snapshot()["mqtt.takeover"], 1);
  t.ok(hub.devices.get(deviceId)?.online, "the old connection's will did not hide the new one");
  t.ok(hub.broker.isReady(deviceId));
  const gone = new Promise((resolve) => hub.broker.events.on("gone", resolve));
  second.client.stream.destroy();
  await gone;
  t.notOk(hub.devices.get(deviceId)?.online);
  t.same(
    hub.received.filter(([, kind]) => kind === "state").map(([, , body]) => body),
    [
      { status: "online", incarnation: 1, agentVersion: "0.1.0" },
      { status: "online", incarnation: 2, agentVersion: "0.1.0" },
      { status: "offline", incarnation: 2, agentVersion: "0.1.0", reason: "lost" },
    ],
  );
  t.equal(
    changes.filter((change) => change.startsWith("true")).length,
    changes.filter((c) => c.startsWith("false")).length,
  );
  t.equal(changes.at(-1), "false: lost");
});

t.test("a will that speaks for anything but its own connection is refused", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const other = await pairedNode(hub.devices, "Other");
  const wills = [
    willOf(other, 1),
    willOf(identity, 5),
    { ...willOf(identity, 3), retain: false },
    { ...willOf(identity, 4), payload: Buffer.from("offline") },
  ];
  let incarnation = 1;
  for (const will of wills) {
    t.equal(await new Peer(t, hub.broker.port, identity, incarnation++, { will } as object).admitted(), 5);
  }
});

t.test("what nodes retain is on disk soon after, and gone with the device", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const kept = () => hub.store.all("SELECT topic FROM retained ORDER BY topic").map(({ topic }) => topic);
  const peer = new Peer(t, hub.broker.port, identity, 1);
  await peer.admitted();
  await peer.birth(1);
  await peer.publish("caps", "c", manifestOf());
  t.same(kept(), [], "a crowd of births shares one transaction");
  // The acknowledgement may be here before.
  await until(() => {
    void hub.clock.advance(250);
    return kept().length === 2;
  });
  t.same(kept(), [peer.topic("caps"), peer.topic("state")]);
  await peer.publish("state", "b2", { status: "online", incarnation: 1, agentVersion: "0.2.0" });
  await hub.reopen();
  const row = hub.store.one("SELECT payload FROM retained WHERE topic = ?", peer.topic("state"));
  t.match(Buffer.from(row?.payload as Uint8Array).toString(), "0.2.0");
  await hub.devices.remove(identity.deviceId);
  await hub.clock.advance(250);
  t.same(kept(), [], "a removed device leaves nothing behind");
});

t.test("a filter gets the retained messages that it matches, also those that are not yet on disk", async (t) => {
  const hub = await testBroker(t);
  const persistence = new BrokerPersistence(new RetainedStore({ store: hub.store, clock: hub.clock, log: silentLog }));
  const read = async (filter: string) => {
    const found: string[] = [];
    for await (const { topic, payload } of persistence.createRetainedStream(filter)) found.push(`${topic} ${payload}`);
    return found.sort();
  };
  await persistence.storeRetained({ topic: "a/1/state", payload: "one", qos: 1 });
  await persistence.storeRetained({ topic: "a/2/state", payload: Buffer.from("two"), qos: 0 });
  t.same(await read("a/+/state"), ["a/1/state one", "a/2/state two"]);
  await hub.clock.advance(250);
  await persistence.storeRetained({ topic: "a/1/state", payload: "newer", qos: 1 });
  t.same(await read("a/1/state"), ["a/1/state newer"]);
  await persistence.storeRetained({ topic: "a/2/state", payload: "", qos: 0 });
  t.same(await read("a/#"), ["a/1/state newer"]);
  await persistence.destroy();
  const again = new BrokerPersistence(new RetainedStore({ store: hub.store, clock: hub.clock, log: silentLog }));
  await again.setup();
  t.equal(again.retained("a/1/state")?.payload.toString(), "newer");
  t.equal(again.retainedCount, 1);
});

t.test("R10.3 revoking and blocking end a live connection at once", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const peer = new Peer(t, hub.broker.port, identity, 1);
  await peer.admitted();
  await peer.birth(1);
  await hub.devices.block(identity.deviceId);
  await peer.closed;
  t.notOk(hub.devices.get(identity.deviceId)?.online);
});

t.test("a session is clean even when the client asks for another", async (t) => {
  const hub = await testBroker(t);
  const identity = await pairedNode(hub.devices);
  const first = new Peer(t, hub.broker.port, identity, 1, { clean: false });
  await first.admitted();
  await first.subscribe("reply");
  await first.client.endAsync();
  await hub.broker.publish(identity.deviceId, "reply", "t1", { turnId: "t1", text: "late", ok: true });
  const second = new Peer(t, hub.broker.port, identity, 2, { clean: false });
  await second.admitted();
  await second.subscribe("reply");
  await hub.broker.publish(identity.deviceId, "reply", "t2", { turnId: "t2", text: "now", ok: true });
  await second.message(second.topic("reply", "t2"));
  t.equal(second.messages.length, 1);
});

t.test("connections that are silent, too many or too large are closed", async (t) => {
  const hub = await testBroker(t, { limits: { connectTimeoutMs: 50, maxClients: 2, maxPacketBytes: 2000 } });
  const identity = await pairedNode(hub.devices);
  const socket = () => createConnection(hub.broker.port, "127.0.0.1").on("error", () => {});
  const silent = socket();
  await once(silent, "close");
  t.pass("silent");
  const large = socket();
  large.write(Buffer.concat([Buffer.from([0x10, 0xff, 0xff, 0x7f]), Buffer.alloc(20)]));
  await once(large, "close");
  const peer = new Peer(t, hub.broker.port, identity, 1);
  await peer.admitted();
  peer.client.publish(peer.topic("turn"), "x".repeat(5000), { qos: 1 });
  await peer.closed;
  t.equal(hub.counters.snapshot()["mqtt.refused.size"], 2);
  const held = [socket(), socket(), socket()];
  await Promise.race(held.map((one) => once(one, "close")));
  t.ok((hub.counters.snapshot()["mqtt.refused.full"] ?? 0) >= 1);
  for (const one of held) one.destroy();
});

t.test("a busy port and an address of another machine are named", async (t) => {
  const hub = await testBroker(t);
  const { port } = hub.broker;
  await t.rejects(testBroker(t, { port }), {
    code: "PORT_BUSY",
    message: `MQTT on 127.0.0.1:${port}: the port is already in use`,
  });
  await t.rejects(testBroker(t, { host: "192.0.2.1" }), { code: "BIND_REFUSED" });
});

t.test("started and stopped a hundred times, the broker leaves nothing behind", async (t) => {
  const hub = await testBroker(t);
  const before = [hub.devices.events.count("revoked"), hub.devices.events.count("removed"), hub.clock.pending];
  for (let i = 0; i < 100; i++) await hub.reopen();
  t.same([hub.devices.events.count("revoked"), hub.devices.events.count("removed"), hub.clock.pending], before);
  await hub.broker.stop();
  await hub.broker.stop();
  t.equal(hub.broker.port, 0);
  t.equal(hub.broker.isOpen, false);
});
