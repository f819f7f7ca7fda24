import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { GatewayClientOptions } from "@openclaw/gateway-client";
import t, { type Test } from "tap";
import { generateIdentity, verifyText } from "../identity/index.ts";
import { FakeClock, silentLog } from "../runtime/index.ts";
import { gatewayKey, gatewayUrl, parseSetupCode } from "./address.ts";
import { olderForm } from "./client.ts";
import { type ConnectionOptions, type ConnectionState, GatewayConnection } from "./connection.ts";
import { answerOf, commandOf, refusalAnswer } from "./invoke.ts";
import { refusalOf, surfaceRequest } from "./refusal.ts";
import { readStatuses, writeStatus } from "./status.ts";
import { TokenFile } from "./tokens.ts";

const URL = "ws://gateway.local:18789";

/** A failure as the published client reports it. */
function refused(message: string, details?: object, gatewayCode = "INVALID_REQUEST"): Error {
  return Object.assign(new RangeError(message), { gatewayCode, details });
}

/** A connection whose clients a test holds in its hands. */
function setUp(t: Test, patch: Partial<ConnectionOptions> = {}) {
  const clock = new FakeClock();
  const identity = generateIdentity();
  const tokens = new TokenFile(t.testdir(), URL);
  const clients: { options: GatewayClientOptions; stopped: boolean }[] = [];
  const states: ConnectionState[] = [];
  const connection = new GatewayConnection({
    ...{ url: URL, identity, tokens, role: "node", scopes: [], clock, log: silentLog },
    secret: { token: "shared" },
    about: { displayName: "Kitchen", version: "1", platform: "linux", deviceFamily: "Linux" },
    offer: () => ({ caps: ["gpio"], commands: ["gpio.read"], permissions: { microphone: true } }),
    make: (options) => {
      const client = { options, stopped: false };
      clients.push(client);
      return {
        start: () => {},
        stopAndWait: async () => {
          client.stopped = true;
        },
        request: async <T>(method: string) => {
          if (method === "late") throw new RangeError("gateway request timeout for late");
          if (method === "no") throw refused("missing scope: operator.write");
          return { method } as T;
        },
      };
    },
    ...patch,
  });
  connection.events.on("state", (state) => states.push(state));
  t.teardown(() => connection.stop());
  const last = () => clients.at(-1) as (typeof clients)[number];
  const hello = (protocol: number) => last().options.onHelloOk?.({ protocol } as never);
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  };
  return { connection, clock, identity, tokens, clients, states, last, hello, settle };
}

t.test("a node introduces itself, comes online, asks and hears", async (t) => {
  const { connection, last, hello, states, settle } = setUp(t);
  await t.rejects(connection.request("health", {}), { code: "HUB_UNREACHABLE" });
  await connection.start();
  await connection.start();
  await settle();
  t.match(last().options, {
    ...{ url: URL, role: "node", scopes: [], clientName: "node-host", mode: "node", clientDisplayName: "Kitchen" },
    ...{ caps: ["gpio"], commands: ["gpio.read"], permissions: { microphone: true }, token: "shared" },
  });
  hello(4);
  t.equal(connection.protocol, 4);
  t.same(await connection.request("health", {}), { method: "health" });
  await t.rejects(connection.request("late", {}), { code: "TIMEOUT" });
  await t.rejects(connection.request("no", {}), { code: "FORBIDDEN" });
  const heard: unknown[] = [];
  connection.events.on("event", (event) => heard.push(event), t);
  last().options.onEvent?.({ type: "event", event: "tick", payload: { ts: 1 } } as never);
  t.same(heard, [{ event: "tick", payload: { ts: 1 } }]);
  last().options.onClose?.(1012, "service restart");
  t.match(connection.state, { state: "waiting", reason: "closed 1012 service restart" });
  hello(4);
  connection.renew();
  await settle();
  t.equal(states.filter(({ state }) => state === "online").length, 2);
  await connection.stop();
  t.equal(connection.state.state, "off");
  t.ok(last().stopped);
});

t.test("while a person decides it asks again, and tells the request once", async (t) => {
  const { connection, clock, clients, states, last, hello, settle } = setUp(t);
  await connection.start();
  await settle();
  const pairing = refused("pairing required", { code: "PAIRING_REQUIRED", requestId: "r1" }, "NOT_PAIRED");
  for (let i = 1; i <= 3; i++) {
    last().options.onConnectError?.(pairing);
    last().options.onReconnectPaused?.({ code: 1008, reason: "pairing required", detailCode: "PAIRING_REQUIRED" });
    await settle();
    await clock.advance(5000);
    await settle();
    t.equal(clients.length, i + 1);
  }
  t.match(
    states.filter(({ state }) => state === "pending"),
    [{ state: "pending", requestId: "r1", command: "openclaw devices approve r1" }],
  );
  hello(4);
  t.equal(connection.state.state, "online");
});

t.test("a token that is no longer good gives way to the configured secret", async (t) => {
  const { connection, tokens, clients, last, settle, clock } = setUp(t);
  tokens.set("node", { token: "old", scopes: [], protocol: 3 });
  await connection.start();
  await settle();
  t.equal(last().options.token, "old", "January's gateways take it where the shared token stands");
  t.equal(last().options.hostDeps?.loadDeviceAuthToken?.({ deviceId: "d", role: "node" }), null);
  last().options.onConnectError?.(refused("unauthorized: gateway token mismatch (provide gateway auth token)"));
  await settle();
  t.equal(clients.length, 2);
  t.equal(last().options.token, "shared");
  t.equal(tokens.get("node"), undefined);
  last().options.onConnectError?.(refused("unauthorized: gateway token mismatch"));
  last().options.onReconnectPaused?.({ code: 1008, reason: "", detailCode: "AUTH_TOKEN_MISMATCH" });
  await settle();
  t.match(connection.state, { state: "waiting", reason: /unauthorized/ });
  t.equal(clients.length, 2, "a wrong secret is not tried again at once");
  await clock.advance(30_000);
  await settle();
  t.equal(clients.length, 3);
});

t.test("what a gateway gives is kept, privately, and signed for as its era wants", async (t) => {
  const { connection, identity, tokens, last, settle } = setUp(t, { secret: { bootstrapToken: "boot" } });
  await connection.start();
  await settle();
  t.match(last().options, { bootstrapToken: "boot", preferBootstrapToken: true, token: undefined });
  const deps = last().options.hostDeps;
  const text = "v3|d|node-host|node|node||5|tok|n|linux|linux";
  const sign = (signed: string) => deps?.signDevicePayload?.("", signed) ?? "";
  t.ok(verifyText(identity.publicKey, text, sign(text)), "today's");
  deps?.storeDeviceAuthToken?.({ deviceId: "d", role: "node", token: "t4", scopes: [] });
  t.match(tokens.get("node"), { token: "t4", protocol: 4 });
  const january = "v3|d|node-host|node|node||5|tok|n|linux|";
  t.ok(verifyText(identity.publicKey, "v2|d|node-host|node|node||5|tok|n", sign(january)), "January's");
  deps?.storeDeviceAuthToken?.({ deviceId: "d", role: "node", token: "t3", scopes: [] });
  t.match(tokens.get("node"), { token: "t3", protocol: 3 });
  deps?.clearDeviceAuthToken?.({ deviceId: "d", role: "node" });
  t.equal(tokens.get("node"), undefined);
  t.equal(olderForm("v1|a"), "v1|a");
});

t.test("an operator's session at a gateway of January says its version", async (t) => {
  const scopes = ["operator.read", "operator.write"];
  const { connection, identity, last, settle } = setUp(t, { role: "operator", scopes, protocol: 3 });
  await connection.start();
  await settle();
  t.match(last().options, { clientName: "gateway-client", mode: "backend", scopes, minProtocol: 3, maxProtocol: 3 });
  const signature = last().options.hostDeps?.signDevicePayload?.("", "v3|d|c|m|operator|s|5|t|n|linux|linux") ?? "";
  t.ok(verifyText(identity.publicKey, "v2|d|c|m|operator|s|5|t|n", signature));
});

t.test("tokens are one private file for each gateway; a damaged one costs a new pairing", async (t) => {
  const dir = path.join(t.testdir(), "uplink");
  const one = new TokenFile(dir, URL);
  const record = { token: "secret", scopes: ["a"], protocol: 4 };
  one.set("node", record);
  one.set("node", record);
  new TokenFile(dir, "ws://other:1").set("node", { ...record, token: "other" });
  t.same(new TokenFile(dir, `${URL}/`).get("node"), record);
  const [first = ""] = readdirSync(dir);
  t.equal(readdirSync(dir).length, 2);
  t.equal(statSync(path.join(dir, first)).mode & 0o777, 0o600);
  t.equal(statSync(dir).mode & 0o777, 0o700);
  writeFileSync(path.join(dir, `${gatewayKey(URL)}.json`), "{");
  t.equal(new TokenFile(dir, URL).get("node"), undefined);
  const nowhere = new TokenFile(path.join(dir, first, "x"), URL);
  t.throws(() => nowhere.set("node", record), { code: "STATE_UNWRITABLE" });
  nowhere.clear("node");
});

t.test("addresses and setup codes are read as people paste them", async (t) => {
  t.equal(gatewayUrl("http://host:18789/"), "ws://host:18789");
  t.equal(gatewayUrl("https://host"), "wss://host");
  t.throws(() => gatewayUrl("host"), { code: "INPUT_INVALID" });
  const code = Buffer.from(JSON.stringify({ urls: ["ws://h:1"], bootstrapToken: "b", expiresAtMs: 5 })).toString(
    "base64url",
  );
  t.same(parseSetupCode(` oc-pair://${code}\n`), { url: "ws://h:1", bootstrapToken: "b", expiresAtMs: 5 });
  for (const bad of ["", "!!", Buffer.from("{}").toString("base64url"), Buffer.from("5").toString("base64url")]) {
    t.throws(() => parseSetupCode(bad), { code: "INPUT_INVALID" });
  }
});

t.test("refusals of both eras are understood", async (t) => {
  t.same(refusalOf(refused("pairing required", { requestId: "x" }, "NOT_PAIRED")), {
    ...{ kind: "pairing", requestId: "x", command: "openclaw devices approve x" },
  });
  t.match(refusalOf(refused("pair", { code: "PAIRING_REQUIRED" })), {
    kind: "pairing",
    command: "openclaw devices list",
  });
  t.match(refusalOf(refused("bad token", { code: "AUTH_TOKEN_MISMATCH" })), { kind: "secret" });
  t.match(refusalOf(refused("device identity required", undefined, "NOT_PAIRED")), { kind: "secret" });
  t.match(refusalOf(refused("protocol mismatch", { expectedProtocol: 3 })), { kind: "protocol" });
  t.match(refusalOf(new RangeError("ECONNREFUSED")), { kind: "other", message: "ECONNREFUSED" });
  const waiting = refused(
    "node capability surface is awaiting operator approval; run `openclaw nodes approve ab-1` (see",
    undefined,
  );
  t.same(surfaceRequest(waiting), { requestId: "ab-1", command: "openclaw nodes approve ab-1" });
  t.same(surfaceRequest(refused("retry after pairing completes")), { command: "openclaw nodes pending" });
  t.equal(surfaceRequest(refused("unauthorized role: node")), undefined);
});

t.test("a gateway's order becomes a command of this house, and back", async (t) => {
  const order = {
    id: "6D-7_é",
    nodeId: "n",
    command: "gpio.write",
    paramsJSON: '{"pin":1}',
    idempotencyKey: "k",
    timeoutMs: 0,
  };
  const command = commandOf(URL, order);
  t.match(command, {
    ...{ commandId: "6d-7_-", command: "gpio.write", params: { pin: 1 }, timeoutMs: 30_000 },
    idempotencyKey: `${gatewayKey(URL)}:k`,
  });
  t.match(commandOf(URL, { id: "i", nodeId: "n", command: "c", paramsJSON: null }), {
    params: {},
    idempotencyKey: /:i$/,
  });
  t.equal(commandOf(URL, { ...order, paramsJSON: "{" }), "paramsJSON is not JSON");
  t.equal(commandOf(URL, { ...order, paramsJSON: "[1]" }), "the parameters are not an object");
  const result = {
    commandId: "c",
    idempotencyKey: "k",
    ok: true,
    payload: { a: 1 },
    duplicate: false,
    startedAt: 1,
    durationMs: 1,
  };
  t.same(answerOf(order, result), { id: order.id, nodeId: "n", ok: true, payloadJSON: '{"a":1}' });
  t.match(answerOf(order, { ...result, ok: false, error: { code: "COMMAND_PARAMS", message: "no" } }), {
    error: { code: "COMMAND_PARAMS", message: "COMMAND_PARAMS: no" },
  });
  t.match(refusalAnswer(order, "X", "y"), { ok: false, error: { code: "X", message: "X: y" } });
});

t.test("how uplinks stand is on record for whoever looks, latest first", async (t) => {
  const dir = path.join(t.testdir(), "u");
  t.same(readStatuses(dir), []);
  const status = { gateway: URL, name: "Kitchen", deviceId: "d".repeat(64), state: "online", at: 1 };
  writeStatus(dir, status);
  writeStatus(dir, {
    ...status,
    gateway: "ws://b:1",
    at: 2,
    surface: { requestId: "r", command: "openclaw nodes approve r" },
  });
  writeFileSync(path.join(dir, "broken.status.json"), "{");
  t.match(readStatuses(dir), [{ gateway: "ws://b:1", surface: { requestId: "r" } }, status]);
  t.notMatch(readFileSync(path.join(dir, readdirSync(dir)[0] ?? ""), "utf8"), /token/);
});
