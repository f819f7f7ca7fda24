import { generateIdentity } from "@barnacle/protocol/identity";
import t from "tap";
import { ANNA, connectNode, manifestOf, pairedNode, pairNode } from "../devices/testing.ts";
import { v4Schemas } from "./conformance.ts";
import { type ConnectOptions, type Frame, open, operator, REMOTE, type TestGateway, testGateway } from "./testing.ts";

const V4 = { minProtocol: 4, maxProtocol: 4 };
const HOST = { id: "node-host", mode: "node", platform: "linux", displayName: "Porch" };

const idOf = ({ error }: Frame) => String((error?.details as { requestId?: string } | undefined)?.requestId);

function nodeConnect(t: Parameters<typeof open>[0], hub: TestGateway, options: ConnectOptions, headers = {}) {
  const node = open(t, hub, headers);
  return node.connect({ role: "node", client: HOST, signature: 3, ...options }).then((answer) => ({ node, answer }));
}

t.test("R10.1 a node proves its key at each connect, and its id is the key's: nobody can take another's", async (t) => {
  const hub = await testGateway(t);
  const [mine, theirs] = [generateIdentity(), generateIdentity()];
  t.ok((await nodeConnect(t, hub, { identity: theirs })).answer.ok);
  const claims = { ...mine, deviceId: theirs.deviceId };
  t.match((await nodeConnect(t, hub, { identity: claims, params: V4 })).answer.error, {
    details: { code: "DEVICE_AUTH_DEVICE_ID_MISMATCH" },
  });
  const withKey = { ...mine, deviceId: theirs.deviceId, publicKey: theirs.publicKey };
  t.match((await nodeConnect(t, hub, { identity: withKey, params: V4 })).answer.error, {
    details: { code: "DEVICE_AUTH_SIGNATURE_INVALID" },
  });
});

t.test("R10.2 a request shows who asks for what from where, and is approved, rejected, or forgotten", async (t) => {
  const hub = await testGateway(t, { trustedProxies: ["127.0.0.1"] });
  const admin = await operator(t, hub);
  const from = { "x-forwarded-for": "10.0.0.7" };
  const ask = (identity = generateIdentity()) =>
    nodeConnect(t, hub, { identity, signature: 2, params: { commands: ["camera.snap"], caps: ["camera"] } }, from);
  const identity = generateIdentity();
  const requestId = idOf((await ask(identity)).answer);
  t.match(await admin.call("device.pair.list", {}), {
    pending: [
      { requestId, displayName: "Porch", platform: "linux", remoteIp: "10.0.0.7", role: "node", clientId: "node-host" },
    ],
  });
  t.match(await admin.call("node.pair.list", {}), {
    pending: [{ requestId, caps: ["camera"], commands: ["camera.snap"] }],
  });
  await hub.clock.advance(4 * 60_000);
  t.equal(idOf((await ask(identity)).answer), requestId, "asking again is the same request");
  await hub.clock.advance(4 * 60_000);
  t.equal(hub.devices.pending().length, 1, "and lengthens it: five minutes after the last try");
  await admin.call("device.pair.approve", { requestId });
  t.ok((await ask(identity)).answer.ok);

  const rejected = await ask();
  await admin.call("device.pair.reject", { requestId: idOf(rejected.answer) });
  const forgotten = idOf((await ask()).answer);
  await hub.clock.advance(5 * 60_000);
  t.match((await admin.request("device.pair.approve", { requestId: forgotten })).error, {
    message: "unknown requestId",
  });
});

t.test("R10.2 wrong codes: five tries, then locked; a right one is good once", async (t) => {
  const { devices } = await testGateway(t);
  const identity = generateIdentity();
  for (let i = 0; i < 5; i++) {
    await t.rejects(pairNode(devices, identity, { setupCode: `WRON-GO${i}A` }), { code: "PAIRING_CODE_WRONG" });
  }
  const { code } = await devices.createSetupCode({ by: ANNA });
  await t.rejects(pairNode(devices, identity, { setupCode: code }), { code: "PAIRING_LOCKED" });
  t.match(await pairNode(devices, generateIdentity(), { setupCode: code, ip: "192.168.1.77" }), { status: "paired" });
  await t.rejects(pairNode(devices, generateIdentity(), { setupCode: code, ip: "192.168.1.78" }), {
    code: "PAIRING_CODE_WRONG",
  });
});

t.test("R10.3 block, unpair, rotate and revoke close live connections at once and outlive a restart", async (t) => {
  for (const [what, act] of [
    ["block", (hub: TestGateway, id: string) => hub.devices.block(id, ANNA)],
    ["remove", (hub: TestGateway, id: string) => hub.devices.remove(id, ANNA)],
    ["rotate", (hub: TestGateway, id: string) => hub.devices.rotateToken(id, "node", undefined, ANNA)],
    ["revoke", (hub: TestGateway, id: string) => hub.devices.revokeToken(id, "node", ANNA)],
  ] as const) {
    const hub = await testGateway(t);
    const identity = generateIdentity();
    const { node, answer } = await nodeConnect(t, hub, { identity, params: V4 });
    const { deviceToken } = (answer.payload as unknown as { auth: { deviceToken: string } }).auth;
    await act(hub, identity.deviceId);
    // No clock is advanced: nothing but the act itself closes it.
    t.equal((await node.closed).code, 1008, what);
    await hub.gateway.stop();
    await hub.restart();
    const after = hub.devices.verifyToken(identity.deviceId, "node", deviceToken);
    t.equal(after, false, `${what}: the token stays worthless`);
    if (what === "block") await t.rejects(pairNode(hub.devices, identity), { code: "DEVICE_BLOCKED" });
  }
});

t.test("R10.4 what a node comes to offer waits for its own approval; less needs none", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub, { scopes: ["operator.admin"], params: V4 });
  const identity = generateIdentity();
  const offer = async (...commands: string[]) => {
    const { node, answer } = await nodeConnect(t, hub, { identity, params: { ...V4, commands } });
    t.ok(answer.ok);
    return node;
  };
  await offer("gpio.read", "gpio.write");
  const record = () => hub.devices.get(identity.deviceId);
  t.match(record(), { approvalState: "pending-approval", unapprovedCommands: ["gpio.read", "gpio.write"] });
  const asked = await admin.nextEvent("node.pair.requested");
  const { requestId } = asked.payload as unknown as { requestId: string };
  t.match(asked.payload, {
    ...{ nodeId: identity.deviceId, commands: ["gpio.read", "gpio.write"] },
    requiredApproveScopes: ["operator.pairing", "operator.write"],
  });
  t.match(await admin.call("node.pair.list", {}), { paired: [{ commands: [], approvalState: "pending-approval" }] });
  t.same((await admin.call<{ pending: object[] }>("device.pair.list", {})).pending, [], "it is no device that asks");
  await hub.clock.advance(6 * 60_000);
  t.match(await admin.call("node.pair.approve", { requestId }), {
    node: { nodeId: identity.deviceId, commands: ["gpio.read", "gpio.write"], approvalState: "approved" },
  });
  t.match((await admin.event("node.pair.resolved")).payload, {
    requestId,
    nodeId: identity.deviceId,
    decision: "approved",
  });

  await offer("gpio.read");
  t.match(record(), { approvalState: "approved" }, "less");
  await offer("gpio.read", "system.run");
  t.match(record(), { approvalState: "pending-reapproval", unapprovedCommands: ["system.run"] }, "more");
  const [wider] = hub.devices.pending();
  const helper = await operator(t, hub, { scopes: ["operator.pairing", "operator.write"], params: V4 });
  t.match((await helper.request("node.pair.approve", { requestId: wider?.requestId })).error, {
    ...{ code: "FORBIDDEN", message: "missing scope: operator.admin", details: { missingScope: "operator.admin" } },
  });
  await admin.call("node.pair.reject", { requestId: wider?.requestId });
  await offer("gpio.read", "system.run");
  t.same(hub.devices.pending(), [], "a refusal stands");
  t.match(record(), { unapprovedCommands: ["system.run"] });
});

t.test("R10.4 for protocol 3 one approval does for both, unless the configuration says otherwise", async (t) => {
  const states: (string | undefined)[] = [];
  for (const nodeCommands of ["by-protocol", "separate", "with-device"] as const) {
    const hub = await testGateway(t, { nodeCommands });
    for (const protocol of [3, 4]) {
      const identity = generateIdentity();
      const params = { minProtocol: protocol, maxProtocol: protocol, commands: ["gpio.read"] };
      t.ok((await nodeConnect(t, hub, { identity, params })).answer.ok);
      states.push(hub.devices.get(identity.deviceId)?.approvalState);
    }
  }
  const [waits, done] = ["pending-approval", "approved"];
  t.same(states, [done, waits, waits, waits, done, done]);
});

t.test("R10.5 presence is told once per change, whatever the transport", async (t) => {
  const hub = await testGateway(t);
  const changes: string[] = [];
  hub.devices.events.on("presence", ({ device, online }) => changes.push(`${device.displayName} ${online}`));
  const { node } = await nodeConnect(t, hub, { identity: generateIdentity() });
  const kitchen = await pairedNode(hub.devices, "Kitchen");
  await connectNode(hub.devices, kitchen, 1, manifestOf({ name: "Kitchen" }));
  await connectNode(hub.devices, kitchen, 2, manifestOf({ name: "Kitchen" }));
  await node.close();
  while (changes.length < 3) await new Promise((resolve) => setImmediate(resolve));
  await hub.clock.advance(50_000);
  t.same(changes, ["Porch true", "Kitchen true", "Porch false", "Kitchen false"], "the silent one last");
});

t.test("R10.5 operators see a node of ours come, go and come again", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const kitchen = await pairedNode(hub.devices, "Kitchen");
  const seen = async () => {
    const list = (await admin.call("system-presence", {})) as unknown as { host: string; reason: string }[];
    return list.filter(({ host }) => host === "Kitchen").map(({ reason }) => reason);
  };
  t.same(await seen(), []);
  for (const incarnation of [1, 2]) {
    await connectNode(hub.devices, kitchen, incarnation, manifestOf({ name: "Kitchen" }));
    t.same(await seen(), ["connect"]);
    await hub.devices.disconnected(kitchen.deviceId, incarnation, "gone");
    t.same(await seen(), ["disconnect"]);
  }
  await connectNode(hub.devices, kitchen, 3, manifestOf({ name: "Kitchen" }));
  await hub.clock.advance(55_000);
  t.same(await seen(), ["disconnect"], "silence is going, too");
  hub.devices.touch(kitchen.deviceId);
  t.same(await seen(), ["connect"]);
});

t.test("R10.6 one registry: both kinds of node are listed, described and forgotten alike", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const identity = generateIdentity();
  const { node } = await nodeConnect(t, hub, { identity, params: { commands: ["gpio.read"] } });
  const kitchen = await pairedNode(hub.devices, "Kitchen");
  await connectNode(hub.devices, kitchen, 1, manifestOf({ name: "Kitchen" }));
  const { nodes } = await admin.call<{ nodes: { displayName: string; connected: boolean }[] }>("node.list", {});
  t.same(
    nodes.map(({ displayName, connected }) => [displayName, connected]),
    [
      ["Kitchen", true],
      ["Porch", true],
    ],
  );
  for (const { deviceId } of [identity, kitchen]) {
    t.same(await admin.call("node.pair.remove", { nodeId: deviceId }), { nodeId: deviceId });
    t.equal(hub.devices.get(deviceId), undefined);
  }
  t.equal((await node.closed).code, 1008);
  t.match((await admin.request("node.pair.remove", { nodeId: "nobody" })).error, { message: "unknown nodeId" });
});

t.test("a device that is node and operator loses one role and keeps the other", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const identity = generateIdentity();
  const { node } = await nodeConnect(t, hub, { identity, params: { commands: ["gpio.read"] } });
  const other = await operator(t, hub, { identity });
  await admin.call("node.pair.remove", { nodeId: identity.deviceId });
  t.equal((await node.closed).code, 1008);
  t.ok((await other.request("health")).ok, "its operator connection lives");
  t.match(hub.devices.get(identity.deviceId), { roles: ["operator"], approvalState: undefined });
  t.match((await nodeConnect(t, hub, { identity }, REMOTE)).answer.error, { message: "pairing required" });
});

t.test("nobody approves what he has not himself", async (t) => {
  const hub = await testGateway(t);
  const helper = await operator(t, hub, { scopes: ["operator.pairing", "operator.read"] });
  const stranger = open(t, hub, REMOTE);
  const answer = await stranger.connect({ identity: generateIdentity(), scopes: ["operator.admin"] });
  t.match((await helper.request("device.pair.approve", { requestId: idOf(answer) })).error, {
    message: "missing scope: operator.admin",
  });
  const modest = await open(t, hub, REMOTE).connect({ identity: generateIdentity(), scopes: ["operator.read"] });
  t.ok((await helper.request("device.pair.approve", { requestId: idOf(modest) })).ok);
});

t.test("a device is renamed and removed by its id; the wire's shapes are the published ones", async (t) => {
  const hub = await testGateway(t);
  const fits = v4Schemas();
  const admin = await operator(t, hub, { scopes: ["operator.admin"], params: V4 });
  const identity = generateIdentity();
  await operator(t, hub, { identity });
  const { deviceId } = identity;
  t.same(await admin.call("device.pair.rename", { deviceId, label: " Tablet " }), { deviceId, label: "Tablet" });
  const rotated = await admin.call("device.token.rotate", { deviceId, role: "operator" });
  t.equal(fits("DeviceTokenRotateResult", rotated), undefined);
  t.match(rotated, { tokenDelivery: "withheld-cross-device", token: undefined }, "only the device itself is told");
  t.same(await admin.call("device.pair.remove", { deviceId }), { deviceId });
  t.match((await admin.request("device.pair.remove", { deviceId })).error, { message: "unknown deviceId" });
  t.equal(fits("SystemInfoResult", await admin.call("system.info", {})), undefined);
  t.match(await admin.call("gateway.identity.get", {}), { deviceId: /^[0-9a-f]{64}$/, publicKey: /^[\w-]{43}$/ });
});

t.test("the older node.pair.request and node.pair.verify answer of what is there", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const identity = generateIdentity();
  const requestId = idOf((await nodeConnect(t, hub, { identity, params: { commands: ["gpio.read"] } }, REMOTE)).answer);
  const nodeId = identity.deviceId;
  t.match(await admin.call("node.pair.request", { nodeId }), {
    status: "pending",
    created: false,
    request: { requestId },
  });
  t.match((await admin.request("node.pair.request", { nodeId: "x" })).error, { message: "unknown nodeId" });
  await admin.call("node.pair.approve", { requestId });
  const { answer } = await nodeConnect(t, hub, { identity }, REMOTE);
  const { deviceToken } = (answer.payload as unknown as { auth: { deviceToken: string } }).auth;
  t.match(await admin.call("node.pair.verify", { nodeId, token: deviceToken }), { ok: true, node: { nodeId } });
  t.same(await admin.call("node.pair.verify", { nodeId, token: "wrong" }), { ok: false });
});

t.test("a device asks for more scopes over its connection, and gets a wider token when a person agrees", async (t) => {
  const hub = await testGateway(t);
  const fits = v4Schemas();
  const admin = await operator(t, hub, { scopes: ["operator.admin"], params: V4 });
  const identity = generateIdentity();
  const client = await operator(t, hub, { identity, scopes: ["operator.read"], params: V4 });
  const ask = async () => {
    const { requestId } = await client.call<{ requestId: string }>("device.scopes.requestUpgrade", {
      scopes: ["operator.write"],
    });
    return { requestId, waiting: client.call("device.scopes.waitUpgrade", { requestId }) };
  };
  const first = await ask();
  const listed = await admin.call<{ pending: object[] }>("device.pair.list", {});
  t.match(listed.pending, [{ requestId: first.requestId, isRepair: true, scopes: ["operator.write"] }]);
  await hub.clock.advance(5 * 60_000);
  t.same(await first.waiting, { status: "expired", requestId: first.requestId });
  const second = await ask();
  await admin.call("device.pair.approve", { requestId: second.requestId });
  const result = await second.waiting;
  t.equal(fits("ScopeUpgradeResult", result), undefined);
  t.match(result, { status: "approved", scopes: ["operator.read", "operator.write"] });
  const { deviceToken } = result as { deviceToken: string };
  const wider = await open(t, hub).connect({ identity, token: deviceToken, scopes: ["operator.write"], params: V4 });
  t.ok(wider.ok);
  const again = await operator(t, hub, { identity, token: deviceToken, scopes: ["operator.read"], params: V4 });
  const more = { scopes: ["operator.approvals"] };
  const { requestId } = await again.call<{ requestId: string }>("device.scopes.requestUpgrade", more);
  await admin.call("device.pair.approve", { requestId });
  t.match(
    (await admin.request("device.scopes.waitUpgrade", { requestId })).payload,
    { status: "expired" },
    "another's is not told",
  );
  t.match(
    await again.call("device.scopes.waitUpgrade", { requestId }),
    { status: "approved", scopes: ["operator.approvals", "operator.read", "operator.write"] },
    "also when the approval came before the call",
  );
  t.match(await admin.call("device.scopes.waitUpgrade", { requestId: "none" }), { status: "expired" });
});
