import { BarnacleError, fromShape } from "@barnacle/protocol/errors";
import { fromGatewayError, type GatewayErrorBody } from "@barnacle/protocol/gateway";
import { generateIdentity } from "@barnacle/protocol/identity";
import t from "tap";
import { connectNode, manifestOf, pairedNode } from "../devices/testing.ts";
import { METHODS } from "./methods/index.ts";
import { MESSAGE, open, operator, outcome, REMOTE, type TestGateway, TURN, testGateway } from "./testing.ts";

async function kitchen(hub: TestGateway) {
  const identity = await pairedNode(hub.devices, "Kitchen");
  await connectNode(hub.devices, identity, 1, manifestOf({ name: "Kitchen" }));
  return identity.deviceId;
}

t.test("nodes are listed connected first, in the protocol's shape", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const off = await pairedNode(hub.devices, "Attic");
  const nodeId = await kitchen(hub);
  const { nodes } = await client.call<{ nodes: object[] }>("node.list", {});
  t.match(nodes, [
    {
      nodeId,
      displayName: "Kitchen",
      platform: "linux",
      version: "0.1.0",
      caps: ["gpio.write"],
      commands: ["gpio.write", "talk.speak"],
      paired: true,
      connected: true,
      connectedAtMs: Number,
    },
    { nodeId: off.deviceId, displayName: "Attic", paired: true, connected: false },
  ]);
  t.equal(nodes.length, 2, "the operator is no node");
  t.match(await client.call("node.describe", { nodeId }), { ts: Number, nodeId, displayName: "Kitchen" });
  t.match((await client.request("node.describe", { nodeId: "nobody" })).error, {
    code: "INVALID_REQUEST",
    message: "unknown nodeId",
  });
  t.match((await client.request("node.describe", {})).error, {
    message: /^invalid node\.describe params: at \/nodeId: /,
  });
  t.same(await client.call("node.rename", { nodeId, displayName: "Galley" }), { nodeId, displayName: "Galley" });
});

t.test("an invoke goes through the one door, and every refusal has the wire's words", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const nodeId = await kitchen(hub);
  const params = {
    nodeId,
    command: "gpio.write",
    params: { line: 17, value: true },
    idempotencyKey: "k1",
    timeoutMs: 5000,
  };
  hub.commands.answer = async (call) => outcome(call, { value: true });
  t.same(await client.call("node.invoke", params), {
    ...{ ok: true, nodeId, command: "gpio.write", payload: { value: true }, payloadJSON: '{"value":true}' },
  });
  t.match(hub.commands.calls, [
    {
      ...{
        deviceId: nodeId,
        command: "gpio.write",
        params: { line: 17, value: true },
        idempotencyKey: "k1",
        timeoutMs: 5000,
      },
      principal: { kind: "operator", scopes: ["operator.admin"] },
    },
  ]);
  const cases: [Error, Partial<GatewayErrorBody> & { details?: object }][] = [
    [
      new BarnacleError("POLICY_DENIED", "rule x"),
      {
        code: "INVALID_REQUEST",
        message: "node command not allowed",
        details: { reason: "command not allowlisted", command: "gpio.write" },
      },
    ],
    [
      new BarnacleError("COMMAND_UNKNOWN", "no"),
      {
        code: "INVALID_REQUEST",
        message: "node command not allowed",
        details: { reason: "command not declared by node" },
      },
    ],
    [
      new BarnacleError("DEVICE_OFFLINE", "gone"),
      { code: "UNAVAILABLE", message: "node not connected", details: { code: "NOT_CONNECTED" } },
    ],
    [
      new BarnacleError("COMMAND_TIMEOUT", "late"),
      { code: "UNAVAILABLE", message: "node invoke timed out", details: { nodeError: { code: "TIMEOUT" } } },
    ],
    [
      fromShape({ code: "HARDWARE_UNAVAILABLE", message: "no GPIO chip" }),
      {
        code: "UNAVAILABLE",
        message: "no GPIO chip",
        details: { nodeError: { code: "HARDWARE_UNAVAILABLE", message: "no GPIO chip" } },
      },
    ],
    [
      fromShape({ code: "CAMERA_DISABLED", message: "turned off" }),
      {
        code: "UNAVAILABLE",
        message: "turned off",
        details: { nodeError: { code: "CAMERA_DISABLED", message: "turned off" } },
      },
    ],
    [
      new BarnacleError("COMMAND_OUTCOME_UNKNOWN", "node disconnected (gpio.write)"),
      { code: "UNAVAILABLE", message: "Error: node disconnected (gpio.write)" },
    ],
    [
      new BarnacleError("AUDIT_UNWRITABLE", "disk full"),
      { code: "UNAVAILABLE", message: "disk full", retryable: true },
    ],
    [new TypeError("a fault"), { code: "UNAVAILABLE", message: "a fault" }],
  ];
  for (const [error, expected] of cases) {
    hub.commands.answer = () => Promise.reject(error);
    const answer = await client.request("node.invoke", params);
    t.match(answer.error, expected, error.message);
    const back = fromGatewayError(answer.error as GatewayErrorBody);
    t.equal(back.code, error instanceof BarnacleError ? error.code : "INTERNAL", "our own client learns our own code");
    t.equal(back.message, error.message);
  }
  const unknown = await client.request("node.invoke", { ...params, nodeId: "x" });
  t.match(unknown.error, { code: "UNAVAILABLE", message: "node not connected" });
  const bad = await client.request("node.invoke", { ...params, params: [1] });
  t.match(bad.error, { code: "INVALID_REQUEST", message: "invalid node.invoke params: at /params: expected object" });
});

t.test("a native node joins the registry, is invoked and answers over its WebSocket", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const identity = generateIdentity();
  const join = async (platform = "linux") => {
    const node = open(t, hub);
    const answer = await node.connect({
      ...{ identity, role: "node", client: { id: "node-host", mode: "node", displayName: "Mac", platform } },
      params: {
        caps: ["system"],
        commands: ["system.run", "system.which"],
        pathEnv: "/usr/bin",
        permissions: { mic: true },
      },
    });
    t.ok(answer.ok);
    return node;
  };
  const node = await join();
  const nodeId = identity.deviceId;
  t.match((await node.event("voicewake.changed")).payload, { triggers: ["hey jarvis"] });
  t.match(await client.call("node.describe", { nodeId }), {
    ...{ displayName: "Mac", platform: "linux", caps: ["system"], commands: ["system.run", "system.which"] },
    ...{ pathEnv: "/usr/bin", permissions: { mic: true }, connected: true, paired: true },
  });
  hub.commands.answer = async (call) => {
    const result = await hub.wsLink.send(nodeId, { ...call, commandId: `c-${call.idempotencyKey}`, timeoutMs: 1000 });
    if (!result.ok) throw fromShape(result.error ?? {});
    return outcome(call, result.payload ?? {});
  };
  const invoke = (idempotencyKey: string) =>
    client.request("node.invoke", { nodeId, command: "system.which", params: { bins: ["ls"] }, idempotencyKey });
  const answer = async (patch: object) => {
    const { payload } = await node.nextEvent("node.invoke.request");
    const { id } = payload as unknown as { id: string };
    const given = await node.request("node.invoke.result", { id, nodeId, ok: true, ...patch });
    return { payload, given };
  };

  const first = invoke("k1");
  const asked = await answer({ payloadJSON: '{"bins":{"ls":"/bin/ls"}}', error: null });
  t.match(asked.payload, {
    ...{ id: "c-k1", nodeId, command: "system.which", paramsJSON: '{"bins":["ls"]}' },
    ...{ timeoutMs: 1000, idempotencyKey: "k1" },
  });
  t.same(asked.given.payload, { ok: true });
  t.match((await first).payload, { payload: { bins: { ls: "/bin/ls" } } });

  const second = invoke("k2");
  await answer({ payload: ["a", "b"], payloadJSON: null });
  t.match((await second).payload, { payload: ["a", "b"], payloadJSON: '["a","b"]' });

  const third = invoke("k3");
  await answer({ ok: false, error: { code: "CAMERA_DISABLED", message: "off" } });
  t.match((await third).error, {
    code: "UNAVAILABLE",
    message: "off",
    details: { nodeError: { code: "CAMERA_DISABLED" } },
  });

  const late = await node.request("node.invoke.result", { id: "c-k3", nodeId, ok: true });
  t.same(late.payload, { ok: true, ignored: true });
  const forged = await node.request("node.invoke.result", { id: "c-k3", nodeId: "other", ok: true });
  t.match(forged.error, { message: "nodeId mismatch" });
  t.same((await node.request("node.event", { event: "of.tomorrow", payloadJSON: null })).payload, {
    ...{ ok: true, event: "of.tomorrow", handled: false, reason: "unsupported_event" },
  });
  t.match((await node.request("health")).error, { message: "unauthorized role: node" });

  const fourth = invoke("k4");
  await node.nextEvent("node.invoke.request");
  const newer = await join();
  t.match(await node.closed, { code: 1008, reason: "replaced by a newer connection" });
  t.ok(hub.devices.get(nodeId)?.online, "the old socket's end does not hide the new one");
  const pending = hub.clock.advance(1000);
  t.match((await fourth).error, { message: "node invoke timed out" });
  await pending;

  const fifth = invoke("k5");
  await newer.nextEvent("node.invoke.request");
  newer.ws.terminate();
  t.match((await fifth).error, { code: "UNAVAILABLE", message: "Error: node disconnected (system.which)" });
  t.equal(hub.devices.get(nodeId)?.online, false);
});

t.test("scopes: what each may do, and that a missing scope hides whether the method exists", async (t) => {
  const hub = await testGateway(t);
  const cases: [string, string, boolean | string][] = [
    ["operator.read", "node.list", true],
    ["operator.read", "voicewake.set", "missing scope: operator.write"],
    ["operator.read", "device.pair.list", "missing scope: operator.pairing"],
    ["operator.read", "no.such.method", "missing scope: operator.admin"],
    ["operator.read", "node.event", "unauthorized role: operator"],
    ["operator.write", "node.list", true],
    ["operator.write", "device.pair.list", "missing scope: operator.pairing"],
    ["operator.pairing", "device.pair.list", true],
    ["operator.pairing", "node.list", "missing scope: operator.read"],
    ["operator.admin", "device.pair.list", true],
    ["operator.admin", "barnacle.config.get", true],
    ["operator.admin", "no.such.method", "unknown method: no.such.method"],
  ];
  for (const [scope, method, expected] of cases) {
    const client = await operator(t, hub, { scopes: [scope] });
    const answer = await client.request(method, {});
    if (expected === true) t.ok(answer.ok, `${scope} ${method}`);
    else t.match(answer.error, { code: "INVALID_REQUEST", message: expected }, `${scope} ${method}`);
    await client.close();
  }
});

t.test("pairing requests of nodes are seen and decided under both names", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const ask = async () => {
    const identity = generateIdentity();
    const node = open(t, hub, REMOTE);
    const client = { id: "node-host", mode: "node", displayName: "Porch", platform: "linux" };
    const refused = await node.connect({ identity, role: "node", client, params: { commands: ["camera.snap"] } });
    t.match(refused.error, { code: "NOT_PAIRED", message: "pairing required" });
    return { identity, requestId: (refused.error as unknown as { details: { requestId: string } }).details.requestId };
  };
  const one = await ask();
  t.match((await admin.event("node.pair.requested")).payload, {
    requestId: one.requestId,
    nodeId: one.identity.deviceId,
  });
  t.match(await admin.call("node.pair.list", {}), {
    pending: [{ requestId: one.requestId, commands: ["camera.snap"] }],
  });
  t.match(await admin.call("device.pair.list", {}), { pending: [{ requestId: one.requestId, role: "node" }] });
  t.match(await admin.call("node.pair.approve", { requestId: one.requestId }), {
    node: { nodeId: one.identity.deviceId },
  });
  t.match((await admin.event("node.pair.resolved")).payload, { requestId: one.requestId, decision: "approved" });
  const two = await ask();
  t.same(await admin.call("device.pair.reject", { requestId: two.requestId }), {
    ...{ requestId: two.requestId, deviceId: two.identity.deviceId },
  });
  for (const method of ["device.pair.approve", "device.pair.reject", "node.pair.approve", "node.pair.reject"]) {
    t.match((await admin.request(method, { requestId: "none" })).error, {
      code: "INVALID_REQUEST",
      message: "unknown requestId",
    });
  }
});

t.test("rotating and revoking a token ends the connections that live by it", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const identity = generateIdentity();
  const client = await operator(t, hub, { identity });
  const { deviceId } = identity;
  const rotated = await admin.call("device.token.rotate", { deviceId, role: "operator" });
  t.match(rotated, {
    deviceId,
    role: "operator",
    token: /^[0-9a-f]{32}$/,
    scopes: ["operator.admin"],
    rotatedAtMs: Number,
  });
  t.match(await client.closed, { code: 1008 });
  const again = await operator(t, hub, { identity, token: String(rotated.token) });
  t.match(await again.call("device.token.revoke", { deviceId, role: "operator" }), { deviceId, revokedAtMs: Number });
  t.match(await again.closed, { code: 1008 }, "after its own answer");
  const unknown = await admin.request("device.token.rotate", { deviceId: "x", role: "operator" });
  t.match(unknown.error, { code: "INVALID_REQUEST", message: "unknown deviceId/role" });
});

t.test("the extension methods answer, and those that change something are audited first", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const deviceId = await kitchen(hub);
  t.match(await client.call("barnacle.devices.list", {}), { devices: [{}, { deviceId }] });
  t.match(await client.call("barnacle.devices.show", { device: "Kitchen" }), {
    device: { deviceId, faults: { "malformed.turn": 2 } },
  });
  t.match((await client.request("barnacle.devices.show", { device: "Cellar" })).error, {
    details: { barnacle: { code: "DEVICE_UNKNOWN" } },
  });
  t.match(await client.call("barnacle.devices.code", { ttlMs: 60_000 }), { code: /^[A-Z2-9]{4}-[A-Z2-9]{4}$/ });
  t.match(await client.call("barnacle.devices.rename", { device: deviceId, displayName: "Galley" }), {
    device: { displayName: "Galley" },
  });
  t.match(await client.call("barnacle.devices.setRoom", { device: "Galley", room: "galley" }), {
    device: { room: "galley" },
  });
  t.match(await client.call("barnacle.devices.block", { device: "Galley" }), { device: { blocked: true } });
  t.match(await client.call("barnacle.devices.unblock", { device: "Galley" }), { device: { blocked: false } });
  t.match(await client.call("barnacle.ask", { text: "what time is it", room: "kitchen" }), {
    turnId: "t1",
    room: "kitchen",
  });
  t.match(await client.call("barnacle.turns.list", {}), { turns: [{ turnId: "t1" }] });
  t.match(await client.call("barnacle.turns.get", { turnId: "t1" }), { turnId: "t1" });
  t.match((await client.request("barnacle.turns.get", { turnId: "t2" })).error, {
    details: { barnacle: { code: "NOT_FOUND" } },
  });
  t.match(await client.call("barnacle.inbox.list", { unread: true }), { messages: [{ id: "m1" }] });
  t.match(await client.call("barnacle.inbox.get", { id: "m1" }), { id: "m1" });
  t.match((await client.request("barnacle.inbox.get", { id: "m2" })).error, {
    details: { barnacle: { code: "NOT_FOUND" } },
  });
  t.match(await client.call("barnacle.inbox.mark", { id: "m1", read: true }), { read: true });
  t.match(await client.call("barnacle.counters", {}), { counters: { "gateway.connects.operator": 1 } });
  t.match(await client.call("barnacle.config.get", {}), {
    config: { site: "home", gateway: { port: 18_789, token: "***" } },
  });
  t.match(await client.call("barnacle.policy.explain", { name: "gpio.write", principal: { kind: "voice" } }), {
    ...{ effect: "allow", rule: "voice-home", rules: [{ id: "voice-no-unlock", matched: false }] },
  });
  t.match(await client.call("barnacle.policy.explain", { name: "system.run", principal: { kind: "operator" } }), {
    ...{ effect: "ask", rule: "ask-system-run" },
  });
  t.match(await client.call("barnacle.policy.explain", { name: "system.which" }), { effect: "allow" });
  t.match(await client.call("barnacle.audit.verify", {}), { ok: true });
  const { records } = await client.call<{ records: { subject: string; kind: string; principal: object }[] }>(
    "barnacle.audit.export",
    { after: 0, limit: 500 },
  );
  for (const subject of ["rename", "setRoom", "block", "unblock", "code"].map((verb) => `barnacle.devices.${verb}`)) {
    t.match(
      records.find((record) => record.subject === subject),
      { kind: "pairing", principal: { kind: "operator" } },
      subject,
    );
  }
  t.match(await client.call("barnacle.audit.list", { limit: 1 }), { records: [{}] });
  t.same(await client.call("barnacle.devices.remove", { device: "Galley" }), { ok: true, deviceId });
});

t.test("say speaks in the room that was named and nowhere else, or on every node that can", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  t.match((await client.request("barnacle.say", { text: "hi", all: true })).error, {
    details: { barnacle: { code: "ROUTE_NONE" } },
  });
  const deviceId = await kitchen(hub);
  const candidate = { deviceId, displayName: "Kitchen", room: "kitchen", score: 100, why: "same room +100" };
  hub.route = () => ({ chosen: candidate, ranked: [candidate], rejected: [] });
  t.match(await client.call("barnacle.say", { text: "Dinner is ready.", room: "Kitchen" }), {
    ...{ ok: true, spoken: [{ deviceId, displayName: "Kitchen", room: "kitchen", ok: true }] },
  });
  t.match(hub.commands.calls, [{ command: "talk.speak", params: { text: "Dinner is ready." }, deviceId }]);
  const elsewhere = await client.request("barnacle.say", { text: "hi", room: "attic" });
  t.match(elsewhere.error, { message: /no node in the room "attic"/ });
  t.match(await client.call("barnacle.say", { text: "hi", all: true }), { spoken: [{ deviceId, ok: true }] });
  hub.commands.answer = () => Promise.reject(new BarnacleError("POLICY_DENIED", "quiet hours"));
  t.match((await client.request("barnacle.say", { text: "hi", all: true })).error, { message: "quiet hours" });
  t.match((await client.request("barnacle.say", { text: "hi" })).error, { message: /expected either room or all/ });
  t.match(await client.call("barnacle.route.explain", { capability: "talk.speak" }), { chosen: { deviceId } });
});

t.test("wake words are set, stored, announced, and the config's again when there are none", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const watcher = await operator(t, hub, { scopes: ["operator.read"] });
  t.same(await client.call("voicewake.set", { triggers: [" Alexa ", 5, "alexa", "hey  jarvis"] }), {
    triggers: ["Alexa", "hey jarvis"],
  });
  t.same((await watcher.event("voicewake.changed")).payload, { triggers: ["Alexa", "hey jarvis"] });
  t.same(await watcher.call("voicewake.get"), { triggers: ["Alexa", "hey jarvis"] });
  t.match((await client.request("voicewake.set", {})).error, { message: "voicewake.set requires triggers: string[]" });
  t.match(await client.call("voicewake.set", { triggers: [] }), { triggers: ["hey jarvis"] }, "none: the config's");
});

t.test("turns are broadcast to those who may read", async (t) => {
  const hub = await testGateway(t);
  const reader = await operator(t, hub, { scopes: ["operator.read"] });
  const pairer = await operator(t, hub, { scopes: ["operator.pairing"] });
  hub.voice.events.emit("updated", { turn: TURN });
  t.match((await reader.event("barnacle.turn")).payload, { turn: { turnId: "t1" } });
  await pairer.request("device.pair.list", {});
  t.notOk(pairer.frames.some((frame) => frame.event === "barnacle.turn"));
});

t.test("what a node noticed is broadcast to those who may read", async (t) => {
  const hub = await testGateway(t);
  const reader = await operator(t, hub, { scopes: ["operator.read"] });
  const pairer = await operator(t, hub, { scopes: ["operator.pairing"] });
  const { metadata: _, ...spoken } = MESSAGE;
  const data = { line: 22, name: "bell", value: 1, sequence: 1 };
  const noticed = { channel: "events", thread: "gpio.edge", account: "n1", sender: "Kitchen", room: "kitchen", at: 7 };
  hub.inbox.events.emit("recorded", { message: spoken });
  hub.inbox.events.emit("recorded", { message: { ...spoken, ...noticed, metadata: data } });
  t.same((await reader.event("barnacle.node.event")).payload, {
    ...{ nodeId: "n1", displayName: "Kitchen", room: "kitchen", event: "gpio.edge", payload: data, ts: 7 },
    messageId: MESSAGE.id,
  });
  await pairer.request("device.pair.list", {});
  t.notOk(pairer.frames.some((frame) => frame.event === "barnacle.node.event"));
});

t.test("too many requests of one client are refused with the time to wait", async (t) => {
  const hub = await testGateway(t, { requestsPerMinute: 300 });
  const client = await operator(t, hub);
  const answers = await Promise.all(Array.from({ length: 310 }, () => client.request("last-heartbeat")));
  const refused = answers.filter((answer) => !answer.ok);
  t.equal(refused.length, 10);
  t.match(refused[0]?.error, { code: "UNAVAILABLE", retryable: true, details: { retryAfterMs: Number } });
  await hub.clock.advance(60_000);
  t.ok((await client.request("last-heartbeat")).ok);
});

t.test("a policy that forbids a method is obeyed whatever the scope says", async (t) => {
  const hub = await testGateway(t, {
    policy: {
      decide: () => ({ effect: "deny", rule: "no-changes", reason: "nothing changes here" }),
      explain: () => ({ decision: { effect: "deny", rule: "no-changes", reason: "" }, rules: [] }),
    },
  });
  const client = await operator(t, hub);
  const refused = await client.request("voicewake.set", { triggers: ["x"] });
  t.match(refused.error, {
    message: "voicewake.set: nothing changes here",
    details: { barnacle: { code: "POLICY_DENIED" } },
  });
  t.same(hub.wakeWords.get(), ["hey jarvis"]);
  const records = await hub.audit.list({});
  t.match(records.at(-1) ?? records[0], { subject: "voicewake.set" });
});

/** They need the scope and change nothing. */
const READS = new Set(["barnacle.devices.pending", "node.pair.request", "node.pair.verify"]);

t.test("every method has an access, and every one that changes devices is recorded", async (t) => {
  for (const { name, access, records, support } of METHODS.values()) {
    const here = typeof support === "string" || !("none" in support);
    if (!here || READS.has(name) || name.endsWith(".list")) continue;
    if (access === "pairing") t.equal(records, "pairing", name);
  }
});
