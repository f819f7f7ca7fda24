import { connect as tcp } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { generateIdentity } from "@barnacle/protocol/identity";
import t from "tap";
import { open, operator, REMOTE, testGateway } from "./testing.ts";

const PAIRING = ["operator.pairing"];

t.test("who may pair alone cannot renew, revoke or remove what can do more than he", async (t) => {
  const hub = await testGateway(t);
  const identity = generateIdentity();
  await operator(t, hub, { identity });
  const helper = await operator(t, hub, { scopes: PAIRING });
  const { deviceId } = identity;
  const refused = { message: "missing scope: operator.admin" };
  for (const method of ["device.token.rotate", "device.token.revoke"]) {
    t.match((await helper.request(method, { deviceId, role: "operator" })).error, refused, method);
  }
  t.match((await helper.request("device.pair.remove", { deviceId })).error, refused);
  for (const method of ["barnacle.devices.block", "barnacle.devices.remove"]) {
    t.match((await helper.request(method, { device: deviceId })).error, refused, method);
  }
  const equal = generateIdentity();
  await operator(t, hub, { identity: equal, scopes: PAIRING });
  t.same(await helper.call("device.pair.remove", { deviceId: equal.deviceId }), { deviceId: equal.deviceId });
});

t.test("a token that was narrowed does not widen itself", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const identity = generateIdentity();
  await operator(t, hub, { identity });
  const { deviceId } = identity;
  const { token } = await admin.call("device.token.rotate", { deviceId, role: "operator", scopes: PAIRING });
  const narrow = await operator(t, hub, { identity, token: String(token), scopes: PAIRING });
  const wider = await narrow.request("device.token.rotate", { deviceId, role: "operator", scopes: ["operator.admin"] });
  t.match(wider.error, { message: "missing scope: operator.admin" });
  t.match(await narrow.call("device.token.rotate", { deviceId, role: "operator" }), { scopes: PAIRING });
});

t.test("a node does not become a phone's app by its name", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const identity = generateIdentity();
  const join = async (client: object) => {
    const node = open(t, hub, REMOTE);
    return { node, answer: await node.connect({ identity, role: "node", client: { id: "node-host", ...client } }) };
  };
  const { answer } = await join({ platform: "linux" });
  await admin.call("device.pair.approve", { requestId: answer.error?.details?.requestId });
  const named = await join({ id: "moltbot-ios", platform: "linux" });
  t.ok(named.answer.ok);
  t.match((await named.node.request("config.get")).error, { message: "unauthorized role: node" });
  const other = await join({ id: "moltbot-ios", platform: "ios 19" });
  t.match(other.answer.error, { code: "NOT_PAIRED", details: { reason: "metadata-upgrade" } });
});

t.test("commands that a node did not name when it was approved wait for approval", async (t) => {
  const hub = await testGateway(t);
  const helper = await operator(t, hub, { scopes: PAIRING });
  const identity = generateIdentity();
  const join = async (commands: string[]) => {
    const node = open(t, hub, REMOTE);
    const client = { id: "node-host", platform: "linux" };
    return node.connect({ identity, role: "node", client, params: { commands } });
  };
  const { error } = await join([]);
  await helper.call("device.pair.approve", { requestId: error?.details?.requestId });
  t.ok((await join(["system.run"])).ok);
  t.match(hub.devices.get(identity.deviceId), { approvalState: /^pending/, unapprovedCommands: ["system.run"] });
});

t.test("whatever stands in the parameters of an older client, it is told what is wrong with them", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  const wrong = [
    ["cron.add", { name: "x", schedule: null, payload: null }],
    ["cron.update", { id: "x", patch: null }],
    ["sessions.patch", { key: "main", constructor: "x", thinkingLevel: "far" }],
  ] as const;
  for (const [method, params] of wrong) {
    t.match((await admin.request(method, params)).error, { code: "INVALID_REQUEST" }, method);
  }
  t.ok((await admin.request("sessions.patch", { key: "main", constructor: "x" })).ok, "an unknown member is ignored");
  for (const method of ["__defineGetter__", "constructor", "toString"]) {
    t.match((await admin.request(method, {})).error, { message: `unknown method: ${method}` });
  }
});

t.test("a client that is turned away because the gateway is full and resets its connection harms nobody", async (t) => {
  const hub = await testGateway(t, { maxConnections: 1 });
  const admin = await operator(t, hub);
  for (let i = 0; i < 20; i++) {
    await new Promise<void>((resolve) => {
      const socket = tcp(hub.port, "127.0.0.1", () => {
        socket.write(
          "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
          () => {
            socket.resetAndDestroy();
            resolve();
          },
        );
      });
      socket.on("error", () => resolve());
    });
    await turn();
  }
  t.match(await admin.call("health"), { ok: true });
});

t.test("what a node is to be asked later is asked of the policy now, and is on record", async (t) => {
  const hub = await testGateway(t);
  const node = generateIdentity();
  const ask = open(t, hub, REMOTE);
  const { error } = await ask.connect({ identity: node, role: "node", client: { id: "node-host" } });
  const admin = await operator(t, hub);
  await admin.call("device.pair.approve", { requestId: error?.details?.requestId });
  const writer = await operator(t, hub, { scopes: ["operator.write"] });
  const work = (type: string) => ({ nodeId: node.deviceId, type });
  t.ok((await writer.request("node.pending.enqueue", work("status.request"))).ok);
  const refused = await writer.request("node.pending.enqueue", work("location.request"));
  t.match(refused.error, { message: /no rule allows location\.get/ });
  t.ok((await admin.request("node.pending.enqueue", work("location.request"))).ok);
  t.match(await hub.audit.list({ limit: 3 }), [
    { subject: node.deviceId, data: { command: "device.status", effect: "allow" } },
    { data: { command: "location.get", effect: "deny" } },
    { data: { command: "location.get", effect: "allow" } },
  ]);
});

t.test("a connection subscribes to so many sessions and no more", async (t) => {
  const hub = await testGateway(t);
  const reader = await operator(t, hub, { scopes: ["operator.read"] });
  const subscribe = (n: number) => reader.request("sessions.messages.subscribe", { key: `room:${n}` });
  const answers = await Promise.all(Array.from({ length: 1001 }, (_, n) => subscribe(n)));
  t.equal(answers.filter(({ ok }) => ok).length, 1000);
  t.match(answers.at(-1)?.error, { message: /at most 1000 sessions/ });
});
