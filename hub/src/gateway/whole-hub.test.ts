import { parseConfig } from "@barnacle/protocol/config";
import { generateIdentity } from "@barnacle/protocol/identity";
import { FakeClock, silentLog, systemClock } from "@barnacle/protocol/runtime";
import t from "tap";
import { Peer, turnReport, until } from "../broker/testing.ts";
import { HubConfig } from "../config/schema.ts";
import { manifestOf, pairRequest } from "../devices/testing.ts";
import { startHub } from "../hub.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { open, type RawClient, TOKEN } from "./testing.ts";

const RULES = `policy:
  rules:
    - {id: no-pwm, effect: deny, names: [gpio.pwm]}
    - {id: ask-speech, effect: ask, principals: [operator], names: [talk.speak]}
`;

async function hubOf(t: { teardown(fn: () => unknown): void }) {
  const hub = await startHub({
    config: parseConfig(HubConfig, RULES, "test"),
    ...{ stateDir: temporaryDirectory(t), port: 0, mqttPort: 0, token: TOKEN, log: silentLog },
  });
  let running = true;
  const stop = async () => {
    if (running) await hub.stop();
    running = false;
  };
  t.teardown(stop);
  const clock = new FakeClock(systemClock.now());
  const operator = async () => {
    const client = open(t, { url: hub.gatewayUrl, clock });
    const hello = await client.connect({ identity: generateIdentity() });
    if (!hello.ok) throw new TypeError(hello.error?.message);
    return client;
  };
  return { ...hub, stop, operator };
}

/** A node on the `mqtt` package: pairs over HTTP, connects, answers each command by what `answer` says. */
async function nodeOf(
  t: { teardown(fn: () => unknown): void },
  hub: { gatewayUrl: string; mqttUrl: string },
  admin: RawClient,
) {
  const identity = generateIdentity();
  const base = hub.gatewayUrl.replace("ws:", "http:");
  const post = async (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${base}/barnacle/v1/${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const { code } = await admin.call<{ code: string }>("barnacle.devices.code", {});
  const { nonce } = await post("pair/challenge", { deviceId: identity.deviceId });
  const commands = ["gpio.write", "gpio.pwm", "talk.speak"];
  const paired = await post("pair", pairRequest(identity, String(nonce), { setupCode: code, commands }));
  if (paired.status !== "paired") throw new TypeError(JSON.stringify(paired));
  const peer = new Peer(t, Number(new URL(hub.mqttUrl).port), identity, 1);
  await peer.admitted();
  await peer.subscribe("command", "reply", "ack", "config");
  const specs = commands.map((name) => ({ name, idempotent: true }));
  await peer.publish("caps", "c", manifestOf({ name: "Kitchen", commands: specs }));
  await peer.birth(1);
  const executed: unknown[] = [];
  peer.client.on("message", (topic, payload) => {
    if (!topic.includes("/cmd/")) return;
    const { commandId, idempotencyKey, command, params } = (
      JSON.parse(payload.toString()) as { body: Record<string, string> }
    ).body;
    executed.push({ command, params });
    const done = {
      commandId,
      idempotencyKey,
      ok: true,
      payload: { done: command },
      duplicate: false,
      startedAt: 1,
      durationMs: 1,
    };
    void peer.publish("result", "r", done as never, String(commandId));
  });
  return { peer, executed, nodeId: identity.deviceId };
}

t.test("an operator invokes an MQTT node as any gateway node, once per key, and the audit trail has it", async (t) => {
  const hub = await hubOf(t);
  const admin = await hub.operator();
  const { executed, nodeId } = await nodeOf(t, hub, admin);
  const { nodes } = await admin.call<{ nodes: object[] }>("node.list", {});
  t.match(nodes, [{ nodeId, connected: true, commands: ["gpio.pwm", "gpio.write", "talk.speak"] }]);
  const params = { nodeId, command: "gpio.write", params: { line: 17, value: true }, idempotencyKey: "k1" };
  const [one, two] = await Promise.all([admin.call("node.invoke", params), admin.call("node.invoke", params)]);
  t.match(one, { ok: true, nodeId, command: "gpio.write", payload: { done: "gpio.write" }, payloadJSON: String });
  t.same(two, one);
  t.same(executed, [{ command: "gpio.write", params: { line: 17, value: true } }]);
  const denied = await admin.request("node.invoke", { ...params, command: "gpio.pwm", idempotencyKey: "k2" });
  t.match(denied.error, {
    code: "INVALID_REQUEST",
    message: "node command not allowed",
    details: { command: "gpio.pwm" },
  });
  const unknown = await admin.request("node.invoke", { ...params, command: "system.run", idempotencyKey: "k3" });
  t.match(unknown.error, { message: "node command not allowed", details: { reason: "command not declared by node" } });
  t.equal(executed.length, 1);
  t.match(await admin.call("barnacle.audit.verify", {}), { ok: true });
});

t.test(
  "a command that the policy asks about reaches its node after somebody else's yes, and not without",
  async (t) => {
    const hub = await hubOf(t);
    const admin = await hub.operator();
    const { executed, nodeId } = await nodeOf(t, hub, admin);
    const speak = { nodeId, command: "talk.speak", params: { text: "hello" } };
    const alone = await admin.request("node.invoke", { ...speak, idempotencyKey: "s0" });
    t.match(alone.error, { message: /node command not allowed/ }, "nobody else is there to say yes");
    const ben = await hub.operator();
    const asked = ben.nextEvent("exec.approval.requested");
    const invoked = admin.call("node.invoke", { ...speak, idempotencyKey: "s1" });
    const { id, request } = (await asked).payload as unknown as { id: string; request: object };
    t.match(request, { command: 'talk.speak {"text":"hello"}', nodeId, host: "node" });
    t.same(executed, []);
    t.match((await admin.request("exec.approval.resolve", { id, decision: "allow-once" })).error, {
      message: /cannot give it/,
    });
    await ben.call("exec.approval.resolve", { id, decision: "allow-always" });
    t.match(await invoked, { ok: true, payload: { done: "talk.speak" } });
    t.match(await admin.call("node.invoke", { ...speak, idempotencyKey: "s2" }), { ok: true }, "always");
    const refused = ben.nextEvent("exec.approval.requested");
    const other = admin.request("node.invoke", { ...speak, params: { text: "other" }, idempotencyKey: "s3" });
    const second = (await refused).payload as unknown as { id: string };
    await ben.call("exec.approval.resolve", { id: second.id, decision: "deny" });
    t.match((await other).error, { message: /node command not allowed/ }, "other words are another command");
    t.same(executed, Array(2).fill({ command: "talk.speak", params: { text: "hello" } }));
    const { tasks } = await admin.call<{ tasks: object[] }>("tasks.list", {});
    t.match(tasks, [
      { title: "talk.speak", status: "completed" },
      { title: "talk.speak", status: "completed" },
    ]);
    const { events } = await admin.call<{ events: { status: string }[] }>("audit.list", {});
    t.ok(events.some((event) => event.status === "blocked"));
    t.match(await admin.call("logs.tail", {}), { lines: [/./] });
    t.match(await (await fetch(`${hub.gatewayUrl.replace("ws:", "http:")}/metrics`)).text(), /barnacle_nodes_online 1/);
    t.match(await admin.call("barnacle.audit.verify", {}), { ok: true });
  },
);

t.test("a native node is reached through the same method and the same door", async (t) => {
  const hub = await hubOf(t);
  const admin = await hub.operator();
  const identity = generateIdentity();
  const node = open(t, { url: hub.gatewayUrl, clock: new FakeClock(systemClock.now()) });
  const client = { id: "node-host", mode: "node", displayName: "Mac" };
  t.ok((await node.connect({ identity, role: "node", client, params: { commands: ["system.which"] } })).ok);
  const invoked = admin.call("node.invoke", {
    ...{ nodeId: identity.deviceId, command: "system.which", params: { bins: ["ls"] }, idempotencyKey: "k" },
  });
  const { payload } = await node.event("node.invoke.request");
  const { id, paramsJSON } = payload as unknown as { id: string; paramsJSON: string };
  t.same(JSON.parse(paramsJSON), { bins: ["ls"] });
  await node.call("node.invoke.result", { id, nodeId: identity.deviceId, ok: true, payloadJSON: '["/bin/ls"]' });
  t.match(await invoked, { payload: ["/bin/ls"], payloadJSON: '["/bin/ls"]' });
});

t.test("a spoken turn is acknowledged, answered, shown to operators and kept", async (t) => {
  const hub = await hubOf(t);
  const admin = await hub.operator();
  const { peer } = await nodeOf(t, hub, admin);
  const config = (await peer.message(peer.topic("config"))).body;
  t.match(config, { wakeWords: ["hey jarvis"], grammar: { jsgf: /^#JSGF/ } });
  const report = { ...turnReport("t1"), startedAt: Date.now(), transcript: "what time is it" };
  await peer.publish("turn", "t1", report);
  t.match((await peer.message(peer.topic("ack"))).body, { ids: ["t1"] });
  t.match((await peer.message(peer.topic("reply", "t1"))).body, { turnId: "t1", ok: true, text: /^It is / });
  const updates = () => admin.frames.filter((frame) => frame.event === "barnacle.turn");
  await until(() =>
    updates().some((frame) => (frame.payload as unknown as { turn: { status: string } }).turn.status === "done"),
  );
  t.match(await admin.call("barnacle.turns.get", { turnId: "t1" }), { status: "done", transcript: "what time is it" });
  t.match(await admin.call("barnacle.inbox.list", { text: "time" }), { messages: [{}] });
});

t.test("a stopping hub tells its clients and lets go of everything", async (t) => {
  const hub = await hubOf(t);
  const admin = await hub.operator();
  const { peer } = await nodeOf(t, hub, admin);
  await hub.stop();
  t.match(await admin.event("shutdown"), { payload: { reason: "gateway stopping" } });
  t.equal((await admin.closed).code, 1012);
  await peer.closed;
  await t.rejects(fetch(hub.gatewayUrl.replace("ws:", "http:")));
});
