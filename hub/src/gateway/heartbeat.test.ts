import { generateIdentity } from "@barnacle/protocol/identity";
import t from "tap";
import { settled } from "../voice/testing.ts";
import { presenceLine } from "./presence-line.ts";
import { open, operator, testGateway } from "./testing.ts";

t.test("a wake leaves its text for the session, and has the agent look at once when it is wanted now", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  t.equal(await client.call("last-heartbeat"), null);
  hub.runs.answer = async () => ({ text: "HEARTBEAT_OK" });
  t.same(await client.call("wake", { mode: "next-heartbeat", text: "post is here" }), { ok: true });
  t.same(hub.runs.requests, []);
  t.same(await client.call("wake", { mode: "now", text: "door bell", sessionKey: "room:hall" }), { ok: true });
  t.match((await client.event("heartbeat")).payload, { status: "ok-token", reason: "wake", silent: true });
  t.same(hub.sessions.systemEvents("main"), ["post is here"]);
  t.same(hub.sessions.systemEvents("room:hall"), ["door bell"]);
  t.match(hub.runs.requests, [{ sessionKey: "agent:main:room:hall", source: "heartbeat" }]);
  t.match(await client.call("last-heartbeat"), { status: "ok-token" });
  t.same(await client.call("set-heartbeats", { enabled: false }), { ok: true, enabled: false });
  await client.call("wake", { mode: "now", text: "again" });
  await settled();
  t.equal(hub.runs.requests.length, 1);
  t.match(await client.request("set-heartbeats", { enabled: "no" }), {
    error: { message: "invalid set-heartbeats params: enabled (boolean) required" },
  });
  t.match(await client.request("wake", { mode: "later", text: "x" }), { error: { code: "INVALID_REQUEST" } });
});

t.test("an app's line about itself becomes presence; other texts wait in the main session", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const text = "Node: mac (10.0.0.7) · app 2026.1 · last input 12s ago · mode ui · reason periodic";
  t.same(await client.call("system-event", { text, deviceId: "d1", tags: ["desk"] }), { ok: true });
  const { payload, stateVersion } = await client.nextEvent("presence");
  const entry = { text, host: "mac", ip: "10.0.0.7", version: "2026.1", mode: "ui", reason: "periodic" };
  const { presence } = payload as unknown as { presence: { deviceId?: string }[] };
  const mine = presence.find((one) => one.deviceId === "d1");
  t.match(mine, { ...entry, lastInputSeconds: 12, tags: ["desk"] });
  t.ok(stateVersion);
  t.same(hub.sessions.systemEvents("main"), []);
  await client.call("system-event", { text: "the attic window is open" });
  t.same(hub.sessions.systemEvents("main"), ["the attic window is open"]);
  t.match(await client.request("system-event", { text: " " }), { error: { message: "text required" } });
  await hub.clock.advance(20_000);
  t.ok((await client.call<object[]>("system-presence")).length >= 2);
});

t.test("lines are read part by part", async (t) => {
  t.equal(presenceLine("hello"), undefined);
  t.same(presenceLine("Node: pi"), { host: "pi" });
  t.same(presenceLine("Node: my pi (::1) · mode node"), { host: "my pi", ip: "::1", mode: "node" });
});

t.test("wake routing is kept, told to everybody, and pushed to nodes when they connect", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const empty = { version: 1, defaultTarget: { mode: "current" }, routes: [], updatedAtMs: 0 };
  t.same(await client.call("voicewake.routing.get"), { config: empty });
  const routes = [{ trigger: "hey chef", target: { agentId: "chef" } }];
  const set = await client.call("voicewake.routing.set", { config: { routes } });
  t.match(set, { config: { version: 1, defaultTarget: { mode: "current" }, routes } });
  t.same((await client.event("voicewake.routing.changed")).payload, set);
  t.match(await client.call("voicewake.routing.set", { defaultTarget: { sessionKey: "main" } }), {
    config: { routes, defaultTarget: { sessionKey: "main" } },
  });
  const node = open(t, hub);
  await node.connect({ identity: generateIdentity(), role: "node", client: { mode: "node", id: "node-host" } });
  t.match((await node.event("voicewake.routing.changed")).payload, { config: { routes } });
  t.match((await node.event("voicewake.changed")).payload, { triggers: ["hey jarvis"] });
  t.match(await client.request("voicewake.routing.set", { routes: [{ trigger: "x", target: {} }] }), {
    error: { code: "INVALID_REQUEST" },
  });
});
