import { readFileSync } from "node:fs";
import { generateIdentity } from "@barnacle/protocol/identity";
import { FakeClock } from "@barnacle/protocol/runtime";
import { Ajv } from "ajv";
import t from "tap";
import { MemoryCounters } from "../counters.ts";
import { ANNA, connectNode, pairedNode } from "../devices/testing.ts";
import { Broadcast, type Listener, MAX_BUFFERED_BYTES, SLOW_BYTES } from "./broadcast.ts";
import { Presence } from "./presence.ts";
import { type Frame, open, operator, REMOTE, testGateway } from "./testing.ts";

const SCHEMAS = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/gateway/v3-schemas.json", import.meta.url), "utf8"),
) as Record<string, object>;

t.test("everything sent fits the schemas that the peers publish", async (t) => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  const fits = (name: string, value: unknown, what: string) => {
    const check = ajv.compile(SCHEMAS[name] as object);
    t.ok(check(value), `${what} is a ${name} ${ajv.errorsText(check.errors)}`);
  };
  const hub = await testGateway(t, { stateDir: "/state" });
  const client = open(t, hub);
  const hello = await client.connect({
    identity: generateIdentity(),
    client: { mode: "ui", instanceId: "i1", displayName: "Tablet" },
  });
  fits("HelloOk", hello.payload, "hello");
  const stranger = open(t, hub, REMOTE);
  await stranger.connect({ identity: generateIdentity(), scopes: ["operator.read"] });
  const node = open(t, hub);
  const nodeIdentity = generateIdentity();
  await node.connect({
    ...{ identity: nodeIdentity, role: "node", client: { id: "node-host", mode: "node" } },
    params: { commands: ["system.which"] },
  });
  const kitchen = await pairedNode(hub.devices, "Kitchen");
  await connectNode(hub.devices, kitchen, 1);
  await hub.devices.disconnected(kitchen.deviceId, 1, "gone");
  void hub.wsLink
    .send(nodeIdentity.deviceId, {
      ...{ commandId: "c1", command: "system.which", params: {}, idempotencyKey: "k", timeoutMs: 1000 },
    })
    .catch(() => {
      // The hub stops before it is answered.
    });
  const [request] = hub.devices.pending();
  await hub.devices.approve(request?.requestId ?? "", ANNA);
  await client.call("voicewake.set", { triggers: ["alexa"] });
  for (const entry of await client.call<unknown[]>("system-presence")) fits("PresenceEntry", entry, "presence entry");
  await client.request("no.such.method");
  await client.request("status");
  await hub.clock.advance(30_000);
  await client.event("tick");
  await hub.gateway.stop();
  await Promise.all([client.closed, node.closed]);

  const payloads: Record<string, string> = {
    tick: "TickEvent",
    shutdown: "ShutdownEvent",
    "device.pair.requested": "DevicePairRequestedEvent",
    "device.pair.resolved": "DevicePairResolvedEvent",
    "node.invoke.request": "NodeInvokeRequestEvent",
  };
  const seen = new Set<string>();
  for (const frame of [...client.frames, ...node.frames, ...stranger.frames]) {
    fits(frame.type === "res" ? "ResponseFrame" : "EventFrame", frame, frame.event ?? `answer ${frame.id}`);
    if (frame.error) fits("ErrorShape", frame.error, frame.error.message);
    const name = frame.event && payloads[frame.event];
    if (name) fits(name, frame.payload, frame.event ?? "");
    if (frame.event) seen.add(frame.event);
  }
  t.same([...seen].sort(), [
    ...["connect.challenge", "device.pair.requested", "device.pair.resolved", "health", "node.invoke.request"],
    ...["presence", "shutdown", "tick", "voicewake.changed", "voicewake.routing.changed"],
  ]);
});

t.test("a stop says so, then closes with 1012", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const waiting = open(t, hub);
  await waiting.nonce();
  await hub.gateway.stop();
  t.same((await client.event("shutdown")).payload, { reason: "gateway stopping" });
  t.same(await client.closed, { code: 1012, reason: "service restart" });
  t.equal((await waiting.closed).code, 1012);
  const late = open(t, hub);
  t.equal((await late.closed).code, 1006, "no new connections");
  await hub.gateway.stop();
});

t.test("a client that does not answer the close is cut off after a second", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  client.ws.pause();
  let stopped = false;
  const stopping = hub.gateway.stop().then(() => {
    stopped = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.notOk(stopped);
  await hub.clock.advance(1000);
  await stopping;
  client.ws.resume();
});

t.test("after hello a bad frame is answered, not JSON is ignored, and the connection stays", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  client.sendRaw("not json");
  client.sendRaw('{"type":"req","id":"x1"}');
  client.sendRaw("[1]");
  t.match((await client.find((frame) => frame.id === "x1")).error, {
    code: "INVALID_REQUEST",
    message: /^invalid request frame: at \/method: /,
  });
  t.match((await client.find((frame) => frame.id === "invalid")).error, { message: /^invalid request frame: / });
  t.match((await client.request("connect", {})).error, { message: "connect is only valid as the first request" });
  t.ok((await client.request("health")).ok);
});

t.test("the hundred-and-first connection is refused", async (t) => {
  const hub = await testGateway(t, { maxConnections: 2 });
  await operator(t, hub);
  await operator(t, hub);
  const third = open(t, hub);
  t.equal((await third.closed).code, 1006);
  t.equal(hub.counters.snapshot()["gateway.refused.full"], 1);
});

t.test("sequence numbers are without gaps for each client, health comes with every connect", async (t) => {
  const hub = await testGateway(t);
  const first = await operator(t, hub, { scopes: ["operator.read"] });
  await operator(t, hub);
  await hub.clock.advance(60_000);
  await first.find((frame) => frame.event === "tick" && frame.seq === 4);
  const numbered = first.frames.filter((frame) => frame.seq !== undefined);
  t.same(
    numbered.map(({ event, seq }) => `${seq} ${event}`),
    ["1 health", "2 health", "3 tick", "4 tick"],
  );
  const [a, b] = numbered as [Frame, Frame];
  t.ok((a.stateVersion?.health ?? 0) < (b.stateVersion?.health ?? 0));
});

t.test("presence shows the gateway, its clients and its nodes, but no command lines", async (t) => {
  const hub = await testGateway(t);
  const watcher = await operator(t, hub);
  const tablet = await operator(t, hub, { client: { mode: "ui", displayName: "Tablet" } });
  await operator(t, hub, { client: { id: "cli", mode: "cli", displayName: "Shell" } });
  await connectNode(hub.devices, await pairedNode(hub.devices, "Kitchen"), 1);
  t.match((await watcher.nextEvent("presence")).payload, { presence: [{ mode: "gateway", reason: "self" }] });
  const hosts = async () => {
    const entries = await watcher.call<{ host: string; mode: string; reason: string }[]>("system-presence");
    return entries.slice(1).map(({ host, mode, reason }) => `${host} ${mode} ${reason}`);
  };
  const before = await hosts();
  t.ok(before.includes("Tablet ui connect"));
  t.ok(before.includes("Kitchen node connect"));
  t.notOk(before.some((line) => line.startsWith("Shell")));
  await tablet.close();
  const event = await watcher.nextEvent("presence");
  t.ok(event.stateVersion);
  t.ok((await hosts()).includes("Tablet ui disconnect"));
  await hub.clock.advance(5 * 60_000 + 1);
  t.notOk((await hosts()).some((line) => line.startsWith("Tablet")));
});

t.test("presence adds up the connections of one device and lets go with the last", async (t) => {
  const clock = new FakeClock();
  const presence = new Presence({ clock, self: { host: "hub", version: "1", platform: "linux" } });
  const { version } = presence;
  presence.join("D1", { host: "Mac", mode: "ui", roles: ["operator"], scopes: ["operator.read"] });
  presence.join("d1", { host: "Mac", mode: "node", roles: ["node"] });
  t.match(presence.list()[1], { host: "Mac", roles: ["node", "operator"], scopes: ["operator.read"] });
  t.equal(presence.leave("d1"), false);
  t.equal(presence.leave("d1"), true);
  t.equal(presence.leave("d1"), false);
  t.ok(presence.version > version);
});

class FakeListener implements Listener {
  readonly role = "operator";
  readonly scopes: readonly string[] = ["operator.read"];
  readonly caps: ReadonlySet<string> = new Set();
  readonly subscriptions: ReadonlySet<string> = new Set();
  bufferedBytes = 0;
  seq = 0;
  readonly sent: string[] = [];
  closed: string | undefined;

  nextSeq(): number {
    this.seq += 1;
    return this.seq;
  }

  sendText(text: string): void {
    this.sent.push(text);
  }

  close(code: number, reason: string): void {
    this.closed = `${code} ${reason}`;
  }
}

t.test(
  "a slow client misses what may be missed, and is closed when it is hopeless; others notice nothing",
  async (t) => {
    const counters = new MemoryCounters();
    const [quick, slow, stuck] = [new FakeListener(), new FakeListener(), new FakeListener()];
    const broadcast = new Broadcast({ listeners: () => [quick, slow, stuck], counters });
    slow.bufferedBytes = SLOW_BYTES + 1;
    stuck.bufferedBytes = MAX_BUFFERED_BYTES + 1;
    broadcast.send("tick", { ts: 1 });
    broadcast.send("health", { ok: true }, { stateVersion: { presence: 1, health: 2 } });
    t.same(
      quick.sent.map((text) => JSON.parse(text)),
      [
        { type: "event", event: "tick", payload: { ts: 1 }, seq: 1 },
        { type: "event", event: "health", payload: { ok: true }, seq: 2, stateVersion: { presence: 1, health: 2 } },
      ],
    );
    t.match(
      slow.sent.map((text) => JSON.parse(text)),
      [{ event: "health", seq: 2 }],
      "the gap tells it to read again",
    );
    t.equal(slow.closed, undefined);
    t.equal(stuck.closed, "1008 slow consumer");
    t.same(counters.snapshot(), { "gateway.dropped": 2, "gateway.slowConsumers": 1 });
  },
);

t.test("a reader that stops reading is closed while others hear everything", async (t) => {
  const hub = await testGateway(t);
  const stuck = await operator(t, hub);
  const healthy = await operator(t, hub);
  stuck.ws.pause();
  const turn = { turnId: "t", source: "text" as const, startedAt: 1, status: "done" as const, commands: [], spans: [] };
  let sent = 0;
  while (!hub.counters.snapshot()["gateway.slowConsumers"]) {
    hub.voice.events.emit("updated", {
      turn: { ...turn, outcome: "transcript", ok: true, reply: "x".repeat(500_000) },
    });
    sent += 1;
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (sent > 500) break;
  }
  t.equal(hub.counters.snapshot()["gateway.slowConsumers"], 1);
  t.ok((await healthy.request("health")).ok);
  t.equal(healthy.frames.filter((frame) => frame.event === "barnacle.turn").length, sent);
  await hub.clock.advance(1000);
  stuck.ws.resume();
  await stuck.closed;
});

t.test("started and stopped a hundred times, the gateway leaves nothing behind", async (t) => {
  const hub = await testGateway(t);
  const count = () => [
    ...(["revoked", "removed", "presence", "pairRequested", "pairResolved"] as const).map((name) =>
      hub.devices.events.count(name),
    ),
    ...[hub.voice.events.count("updated"), hub.wakeWords.events.count("changed"), hub.clock.pending],
  ];
  const before = count();
  for (let i = 0; i < 100; i++) {
    await hub.gateway.stop();
    await hub.gateway.start();
  }
  t.same(count(), before);
  t.ok((await operator(t, hub)).ws);
});
