import { createHash } from "node:crypto";
import { generateIdentity } from "@barnacle/protocol/identity";
import t from "tap";
import { ANNA } from "../../devices/testing.ts";
import { open, operator, REMOTE, TOKEN, testGateway } from "../testing.ts";

t.test("before hello, what is wrong decides how the connection ends", async (t) => {
  const hub = await testGateway(t);
  const cases: { name: string; send: string | Buffer; code: number; reason: string; error?: string }[] = [
    { name: "not JSON", send: "hello", code: 1000, reason: "" },
    { name: "no request frame", send: '{"type":"event"}', code: 1008, reason: "invalid request frame" },
    {
      name: "another method",
      send: '{"type":"req","id":"1","method":"health"}',
      code: 1008,
      reason: "invalid handshake: first request must be connect",
      error: "invalid handshake: first request must be connect",
    },
    {
      name: "an unknown role",
      send: JSON.stringify({
        type: "req",
        id: "1",
        method: "connect",
        params: {
          minProtocol: 3,
          maxProtocol: 3,
          role: "king",
          client: { id: "test", version: "1", platform: "l", mode: "test" },
        },
      }),
      code: 1008,
      reason: "invalid role",
      error: "invalid role",
    },
  ];
  for (const { name, send, code, reason, error } of cases) {
    const client = open(t, hub);
    await client.nonce();
    client.sendRaw(send);
    t.same(await client.closed, { code, reason }, name);
    const answer = client.frames.find((frame) => frame.type === "res");
    if (error === undefined) t.notOk(answer, `${name}: no answer`);
    else t.match(answer?.error, { code: "INVALID_REQUEST", message: error }, name);
  }
});

t.test("a client that says nothing for fifteen seconds is closed", async (t) => {
  const hub = await testGateway(t);
  const client = open(t, hub);
  await client.nonce();
  await hub.clock.advance(14_999);
  t.equal(client.ws.readyState, client.ws.OPEN);
  await hub.clock.advance(1);
  t.same(await client.closed, { code: 1000, reason: "" });
});

t.test("connect params are checked, and the reason is cut to fit a close frame", async (t) => {
  const hub = await testGateway(t);
  const client = open(t, hub);
  await client.nonce();
  const answer = await client.request("connect", { minProtocol: 3, maxProtocol: 3, client: { id: "test" } });
  t.equal(answer.error?.code, "INVALID_REQUEST");
  t.match(answer.error?.message, /^invalid connect params: at \/client\/version: /);
  const { code, reason } = await client.closed;
  t.equal(code, 1008);
  t.equal(reason, answer.error?.message.slice(0, 120));
});

t.test("a protocol range without 3 and 4 is refused with 1002, unknown members are not", async (t) => {
  const hub = await testGateway(t);
  for (const [minProtocol, maxProtocol, expectedProtocol] of [
    [5, 6, 4],
    [1, 2, 3],
  ]) {
    const client = open(t, hub);
    const answer = await client.connect({ params: { minProtocol, maxProtocol } });
    t.match(answer.error, {
      code: "INVALID_REQUEST",
      message: "protocol mismatch",
      details: { code: "PROTOCOL_MISMATCH", expectedProtocol, barnacle: { code: "INPUT_INVALID" } },
    });
    t.same(await client.closed, { code: 1002, reason: "protocol mismatch" });
  }
  const newer = open(t, hub);
  t.ok((await newer.connect({ params: { maxProtocol: 4, coreVersion: "9" } })).ok);
});

t.test("the highest common version is spoken, and each hears a refusal in its own words", async (t) => {
  const hub = await testGateway(t);
  for (const [minProtocol, maxProtocol, protocol, code] of [
    [3, 3, 3, "INVALID_REQUEST"],
    [4, 4, 4, "FORBIDDEN"],
    [1, 9, 4, "FORBIDDEN"],
  ]) {
    const client = open(t, hub);
    const hello = await client.connect({ scopes: ["operator.read"], params: { minProtocol, maxProtocol } });
    t.match(hello.payload, { protocol });
    t.match(await client.request("voicewake.set", { triggers: [] }), {
      error: { code, message: "missing scope: operator.write", details: { code: "MISSING_SCOPE" } },
    });
  }
});

t.test("a stranger cannot make the hub buffer a large frame", async (t) => {
  const hub = await testGateway(t);
  const client = open(t, hub);
  await client.nonce();
  client.sendRaw(`{"type":"req","id":"1","method":"connect","params":{"x":"${"a".repeat(100_000)}"}}`);
  while (client.ws.readyState === client.ws.OPEN) await new Promise((resolve) => setImmediate(resolve));
  await hub.clock.advance(1000);
  t.equal((await client.closed).code, 1009);
  t.notOk(client.frames.some((frame) => frame.type === "res"));
});

t.test("a recorded connect cannot be played again", async (t) => {
  const hub = await testGateway(t);
  const identity = generateIdentity();
  const first = open(t, hub);
  const nonce = await first.nonce();
  t.ok((await first.connect({ identity })).ok);
  const second = open(t, hub);
  t.match((await second.connect({ identity, nonce })).error, { message: "device nonce mismatch" });
});

t.test("a client of this machine is paired at once, by nonce or by payload v1, and gets a token", async (t) => {
  const hub = await testGateway(t);
  const identity = generateIdentity();
  const client = open(t, hub);
  const hello = (await client.connect({ identity })).payload as unknown as Record<string, unknown>;
  t.match(hello, {
    type: "hello-ok",
    protocol: 3,
    policy: { maxPayload: 26_214_400, tickIntervalMs: 30_000 },
    auth: { role: "operator", scopes: ["operator.admin"] },
    snapshot: { sessionDefaults: { mainSessionKey: "agent:main:main" } },
  });
  const { deviceToken } = hello.auth as { deviceToken: string };
  t.match(deviceToken, /^[0-9a-f]{32}$/);
  t.same(hub.devices.get(identity.deviceId)?.roles, ["operator"]);

  const again = open(t, hub);
  const answer = await again.connect({ identity, token: deviceToken, nonce: null });
  t.ok(answer.ok, "the device token is enough afterwards");
  t.match(answer.payload, { auth: { deviceToken, scopes: ["operator.admin"] } });

  await hub.devices.revokeToken(identity.deviceId, "operator", ANNA);
  const late = open(t, hub);
  t.match((await late.connect({ identity, token: deviceToken })).error, {
    message: /^unauthorized: gateway token mismatch/,
  });
});

t.test("a remote client waits for approval under one request id, then has what was approved", async (t) => {
  const hub = await testGateway(t);
  const identity = generateIdentity();
  const admin = await operator(t, hub);
  const ask = async (scopes?: string[]) => {
    const client = open(t, hub, REMOTE);
    const answer = await client.connect({ identity, scopes });
    return { client, answer };
  };
  const first = await ask(["operator.read"]);
  const requested = await admin.event("device.pair.requested");
  const { requestId } = (first.answer.error as unknown as { details: { requestId: string } }).details;
  t.match(requested.payload, { requestId, deviceId: identity.deviceId, role: "operator", scopes: ["operator.read"] });
  const repeated = await ask(["operator.read"]);
  t.match(repeated.answer.error, { details: { requestId } });

  await admin.call("device.pair.approve", { requestId });
  t.match((await admin.event("device.pair.resolved")).payload, { requestId, decision: "approved" });
  const paired = await ask(["operator.read"]);
  t.ok(paired.answer.ok);
  t.match((await paired.client.request("voicewake.set", { triggers: ["x"] })).error, {
    message: "missing scope: operator.write",
  });
  const empty = await ask([]);
  t.ok(empty.answer.ok, "an empty list means what was approved");
  t.match((await empty.client.request("barnacle.config.get")).error, { message: "missing scope: operator.admin" });
  const wider = await ask(["operator.admin"]);
  t.match(wider.answer.error, { code: "NOT_PAIRED", message: "pairing required" });
  t.equal(hub.devices.pending()[0]?.isRepair, true);
});

t.test("the shared token without an identity: everything on this machine, looking only from elsewhere", async (t) => {
  const hub = await testGateway(t);
  const local = open(t, hub);
  t.ok((await local.connect()).ok);
  t.ok((await local.request("barnacle.config.get")).ok);
  for (const headers of [REMOTE, { "x-forwarded-for": "127.0.0.1" }, { "x-real-ip": "10.0.0.1" }]) {
    const remote = open(t, hub, headers);
    t.ok((await remote.connect({ scopes: ["operator.admin"] })).ok);
    t.ok((await remote.request("node.list", {})).ok);
    t.match((await remote.request("device.pair.list", {})).error, { message: "missing scope: operator.pairing" });
  }
});

t.test("requests as binary frames are understood, and those sent before the hello wait for it", async (t) => {
  const hub = await testGateway(t);
  const client = open(t, hub);
  const identity = generateIdentity();
  await client.nonce();
  const hello = client.connect({ identity });
  await new Promise((resolve) => setImmediate(resolve));
  client.sendRaw(Buffer.from(JSON.stringify({ type: "req", id: "early", method: "last-heartbeat" })));
  t.ok((await hello).ok);
  const answer = await client.find((frame) => frame.id === "early");
  t.equal(answer.ok, true);
  t.equal(answer.payload, null);
});

t.test("tokens appear in no log line, event or answer", async (t) => {
  const lines: string[] = [];
  const keep = (fields: object, message: string) => {
    lines.push(JSON.stringify(fields) + message);
  };
  const log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };
  const hub = await testGateway(t, { log });
  const client = open(t, hub);
  const hello = await client.connect({ identity: generateIdentity() });
  const { deviceToken } = (hello.payload as unknown as { auth: { deviceToken: string } }).auth;
  await open(t, hub).connect({ identity: generateIdentity(), token: "wrong-but-secret" });
  for (const method of ["status", "health", "barnacle.config.get", "device.pair.list", "barnacle.devices.list"]) {
    await client.request(method, {});
  }
  const after = JSON.stringify(client.frames.slice(client.frames.indexOf(hello) + 1)) + lines.join("\n");
  const hash = createHash("sha256").update(deviceToken).digest("hex");
  for (const secret of [TOKEN, deviceToken, hash, "canary-token", "wrong-but-secret"]) {
    t.notOk(after.includes(secret), "a secret left the hub");
  }
  t.ok(lines.length > 0, "something was logged");
});
