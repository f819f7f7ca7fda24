import { generateIdentity } from "@barnacle/protocol/identity";
import t, { type Test } from "tap";
import { open, operator, type RawClient, REMOTE, type TestGateway, testGateway } from "./testing.ts";

interface Joined {
  readonly node: RawClient;
  readonly nodeId: string;
}

async function join(t: Test, hub: TestGateway, patch: { client?: object; params?: object } = {}): Promise<Joined> {
  const identity = generateIdentity();
  const node = open(t, hub);
  const answer = await node.connect({
    ...{ identity, role: "node", client: { id: "node-host", mode: "node", displayName: "Shed", ...patch.client } },
    params: { minProtocol: 3, maxProtocol: 4, caps: ["gpio"], commands: ["gpio.write"], ...patch.params },
  });
  t.ok(answer.ok, "admitted");
  return { node, nodeId: identity.deviceId };
}

const send = (hub: TestGateway, nodeId: string, commandId = "c1") =>
  hub.wsLink.send(nodeId, {
    ...{ commandId, command: "gpio.write", params: { pin: 2 }, idempotencyKey: commandId, timeoutMs: 10_000 },
  });

const NOT_READY = { ok: false, error: { code: "NODE_NOT_READY", message: "starting" } };

t.test("a node that could not begin is asked up to four times more; one that began is never asked twice", async (t) => {
  const hub = await testGateway(t);
  const { node, nodeId } = await join(t, hub);
  const answer = async (patch: object) => {
    const { payload } = await node.nextEvent("node.invoke.request");
    const { id, timeoutMs } = payload as unknown as { id: string; timeoutMs: number };
    await node.call("node.invoke.result", { id, nodeId, ...patch });
    return timeoutMs;
  };
  const requests = () => node.frames.filter((frame) => frame.event === "node.invoke.request").length;

  const patient = send(hub, nodeId);
  t.equal(await answer(NOT_READY), 10_000);
  await hub.clock.advance(250);
  t.equal(await answer(NOT_READY), 9750, "the time it has is what is left of it");
  await hub.clock.advance(500);
  await answer({ ok: true, payload: { done: true } });
  t.match(await patient, { ok: true, payload: { done: true } });
  t.equal(requests(), 3);

  const hopeless = send(hub, nodeId, "c2");
  await answer(NOT_READY);
  for (const pause of [250, 500, 1000, 2000]) {
    await hub.clock.advance(pause);
    await answer(NOT_READY);
  }
  t.match(await hopeless, { ok: false, error: { code: "NODE_NOT_READY" } });
  t.equal(requests(), 8);

  const begun = send(hub, nodeId, "c3");
  const { payload } = await node.nextEvent("node.invoke.request");
  const { id } = payload as unknown as { id: string };
  const progress = { invokeId: id, nodeId, seq: 0, chunk: "…" };
  t.same(await node.call("node.invoke.progress", progress), { ok: true });
  t.same(await node.call("node.invoke.progress", { ...progress, invokeId: "c0" }), { ok: true, ignored: true });
  t.match((await node.request("node.invoke.progress", { ...progress, nodeId: "x" })).error, {
    message: "nodeId mismatch",
  });
  await node.call("node.invoke.result", { id, nodeId, ...NOT_READY });
  t.match(await begun, { ok: false, error: { code: "NODE_NOT_READY" } });
  await hub.clock.advance(10_000);
  t.equal(requests(), 9);
});

t.test("a node of today is told when nobody waits for its command any more", async (t) => {
  const hub = await testGateway(t);
  const { node, nodeId } = await join(t, hub);
  const late = send(hub, nodeId);
  await node.nextEvent("node.invoke.request");
  const gone = t.rejects(late, { code: "COMMAND_TIMEOUT" });
  await hub.clock.advance(10_000);
  await gone;
  t.match((await node.nextEvent("node.invoke.cancel")).payload, { invokeId: "c1", nodeId });
});

t.test("what a node tells and offers reaches operators, agents and its row", async (t) => {
  const hub = await testGateway(t, { nodeCommands: "with-device" });
  const client = await operator(t, hub);
  const { node, nodeId } = await join(t, hub);
  const stats = { cpuCount: 4, memoryTotalBytes: 10, memoryFreeBytes: 5 };
  const event = (name: string, payload: object) => node.call("node.event", { event: name, payload });
  t.same(await event("node.host.stats", stats), {
    ok: true,
    event: "node.host.stats",
    handled: true,
    reason: "updated",
  });
  await event("node.presence.activity", { idleSeconds: 0 });
  await event("node.presence.alive", { trigger: "connect" });
  t.match((await client.event("node.hostStats")).payload, { nodeId, hostStats: stats });
  t.match((await client.event("node.presence")).payload, { nodeId, lastActiveAtMs: Number });
  t.same(await node.call("node.runnerInventory.update", { protocolFeatures: [], workerHost: { enabled: false } }), {
    nodeId,
  });
  t.match((await client.event("node.runnerInventory.changed")).payload, { nodeId });
  t.match(await client.call("node.describe", { nodeId }), {
    ...{ approvalState: "approved", hostStats: stats, lastSeenReason: "connect", approvedAtMs: Number },
    ...{ lastSeenAtMs: Number, lastActiveAtMs: Number, presenceUpdatedAtMs: Number, caps: ["gpio"] },
  });
  const tool = { pluginId: "p", name: "lamp", description: "d", command: "gpio.write" };
  t.match(await node.call("node.pluginTools.update", { tools: [tool] }), { nodeId, tools: [tool] });
  t.match(hub.nodes.offers.tools(), [{ ...tool, nodeId }]);
  t.match(await client.call("node.describe", { nodeId }), {
    ...{
      nodePluginTools: [tool],
      clientId: "node-host",
      clientMode: "node",
      sessionHost: false,
      lastConnectedAtMs: Number,
    },
  });
  t.match((await node.request("node.pluginSurface.refresh", { surface: "canvas" })).error, {
    message: /not supported here/,
  });
  const skill = { name: "lamps", description: "d", content: "c" };
  t.same(await node.call("node.skills.update", { skills: [skill] }), { nodeId, skills: [skill] });
  t.match(await client.call("node.pending.enqueue", { nodeId, type: "status.request" }), { wakeTriggered: false });
  t.match(await node.call("node.pending.drain", {}), { nodeId, items: [{ type: "status.request" }], hasMore: false });
  t.same(await node.call("node.pending.pull", {}), { nodeId, actions: [] });
  t.same(await node.call("node.pending.ack", { ids: ["a", "a"] }), { nodeId, ackedIds: ["a"], remainingCount: 0 });
  t.match((await node.request("node.event", { event: "x", payloadJSON: "{" })).error, { message: /payloadJSON/ });
  await node.call("node.event", { event: "voice.transcript", payloadJSON: '{"text":"hello"}' });
  t.match(hub.runs.requests, [{ message: "hello", source: "voice", principal: { kind: "voice", id: nodeId } }]);
  await node.close();
  await client.event("presence", client.frames.length);
  t.same(hub.nodes.offers.tools(), [], "gone with its connection");
});

t.test("commands that came after the approval are shown as waiting", async (t) => {
  const hub = await testGateway(t, { nodeCommands: "with-device" });
  const client = await operator(t, hub);
  const { nodeId } = await join(t, hub);
  const manifest = hub.devices.get(nodeId)?.manifest;
  if (!manifest) throw new RangeError("a node has a manifest");
  const commands = [...manifest.commands, { name: "system.run", idempotent: false }];
  await hub.devices.setManifest(nodeId, { ...manifest, commands });
  t.match(await client.call("node.describe", { nodeId }), {
    ...{ approvalState: "pending-reapproval", commands: ["gpio.write"], pendingDeclaredCommands: ["system.run"] },
    pendingRequestId: String,
  });
});

t.test("a phone's app may look and chat on its node connection, other nodes may not", async (t) => {
  const hub = await testGateway(t);
  const phone = await join(t, hub, { client: { id: "moltbot-ios", platform: "ios" } });
  t.match(await phone.node.call("voicewake.get"), { triggers: ["hey jarvis"] });
  t.match(await phone.node.call("health"), { ok: true });
  t.match(await phone.node.call("sessions.list", {}), { sessions: Array });
  t.match(await phone.node.call("chat.history", { sessionKey: "main" }), { messages: Array });
  await phone.node.call("node.event", { event: "chat.subscribe", payload: { sessionKey: "main" } });
  const sent = { sessionKey: "main", message: "hello", idempotencyKey: "p1" };
  t.match(await phone.node.call("chat.send", sent), { runId: "p1", status: "started" });
  t.match(hub.runs.requests, [{ message: "hello", principal: { kind: "node", id: phone.nodeId } }]);
  t.match((await phone.node.request("node.list")).error, { message: "unauthorized role: node" });
  t.match((await phone.node.request("voicewake.set", { triggers: [] })).error, { message: "unauthorized role: node" });
  const { node } = await join(t, hub);
  t.match((await node.request("voicewake.get")).error, { message: "unauthorized role: node" });
});

t.test("an ESP32 room node is accepted, and its words are the router's", async (t) => {
  const hub = await testGateway(t);
  const { nodeId } = await join(t, hub, {
    client: { platform: "esp32s3", deviceFamily: "esp32", displayName: "Hall" },
    params: { caps: ["gpio", "adc", "talk", "voiceWake", "voice"], commands: ["gpio.write", "adc.read", "talk.start"] },
  });
  const device = hub.devices.get(nodeId);
  t.match(device, { platform: "esp32s3", online: true, transport: "websocket" });
  const names = device?.manifest?.capabilities.map(({ name }) => name) ?? [];
  for (const name of ["gpio", "adc", "voice.wake", "audio.capture", "speech.recognise"])
    t.ok(names.includes(name), name);
  t.match(device?.manifest?.commands, [
    { name: "gpio.write", idempotent: true },
    { name: "adc.read", idempotent: true },
    { name: "talk.start", idempotent: false },
  ]);
});

t.test("a node's own list of what it may run is read and written through its commands", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const { nodeId } = await join(t, hub);
  const snapshot = { path: "/p", exists: true, hash: "h", file: { version: 1 } };
  hub.commands.answer = async (call) => ({
    ...{ commandId: "c", deviceId: nodeId, command: call.command, payload: snapshot, durationMs: 1, duplicate: false },
    ...{ decision: { effect: "allow", rule: "test", reason: "" }, policyMs: 0 },
  });
  t.same(await client.call("exec.approvals.node.get", { nodeId }), snapshot);
  await client.call("exec.approvals.node.set", { nodeId, file: { version: 1 }, baseHash: "h" });
  t.match(hub.commands.calls, [
    { command: "system.execApprovals.get", params: {} },
    { command: "system.execApprovals.set", params: { file: { version: 1 }, baseHash: "h" } },
  ]);
  const stranger = open(t, hub, REMOTE);
  t.ok((await stranger.connect({})).ok);
  t.match((await stranger.request("exec.approvals.node.get", { nodeId })).error, { message: /missing scope/ });
});
