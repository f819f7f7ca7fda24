import { generateIdentity } from "@barnacle/protocol/identity";
import { PAIR_CHALLENGE_PATH, PAIR_PATH } from "@barnacle/protocol/pairing";
import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { MemoryCounters } from "../counters.ts";
import { ANNA, pairRequest, testRegistry } from "../devices/testing.ts";
import { HttpServer, type HttpServerOptions } from "./http-server.ts";
import { RateLimit } from "./rate-limit.ts";

async function served(t: { teardown(fn: () => unknown): void }, patch: Partial<HttpServerOptions> = {}) {
  const registry = await testRegistry(t);
  const counters = new MemoryCounters();
  const state = { ready: true };
  const http = new HttpServer({
    ...{ host: "127.0.0.1", port: 0, hubName: "Test", version: "0.1.0", devices: registry.devices, counters },
    ...{ clock: registry.clock, log: silentLog, isReady: () => state.ready },
    gateway: { handleUpgrade: (_request, socket) => socket.destroy(), stop: async () => {} },
    ...patch,
  });
  await http.start();
  t.teardown(() => http.stop());
  const url = `http://127.0.0.1:${http.port}`;
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(url + path, {
      ...{ method: "POST", body: text, headers: { "content-type": "application/json", ...headers } },
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  return { ...registry, http, url, post, counters, state };
}

t.test("a node pairs over HTTP with a code, or waits for an operator", async (t) => {
  const { post, devices } = await served(t);
  const identity = generateIdentity();
  const challenge = async () =>
    (await post(PAIR_CHALLENGE_PATH, { deviceId: identity.deviceId })).body as { nonce: string; site: string };
  const first = await challenge();
  t.match(first, { site: "home", hubName: "Test" });
  const waiting = await post(PAIR_PATH, pairRequest(identity, first.nonce));
  t.match(waiting, { status: 200, body: { status: "pending", requestId: String } });
  const { code } = await devices.createSetupCode({ by: ANNA });
  const wrong = await post(PAIR_PATH, pairRequest(identity, (await challenge()).nonce, { setupCode: "WRON-GONE" }));
  t.match(wrong, { status: 403, body: { error: { code: "PAIRING_CODE_WRONG", hint: String } } });
  const paired = await post(PAIR_PATH, pairRequest(identity, (await challenge()).nonce, { setupCode: code }));
  t.match(paired, { status: 200, body: { status: "paired", mqtt: { port: 1883 } } });
  const replayed = await post(PAIR_PATH, pairRequest(identity, first.nonce));
  t.match(replayed, { status: 401, body: { error: { code: "PROOF_INVALID" } } });
});

t.test("bad input is named, with the status of the table", async (t) => {
  const { post, url } = await served(t);
  t.match(await post(PAIR_CHALLENGE_PATH, { deviceId: "x" }), {
    status: 400,
    body: { error: { code: "INPUT_INVALID", message: /challenge request: \/deviceId: / } },
  });
  t.match(await post(PAIR_PATH, "{"), { status: 400, body: { error: { code: "INPUT_INVALID" } } });
  t.match(await post(PAIR_PATH, { pad: "x".repeat(70_000) }), {
    status: 400,
    body: { error: { code: "INPUT_INVALID" } },
  });
  const missing = await fetch(`${url}/nowhere`);
  t.equal(missing.status, 404);
  t.match(await missing.json(), { error: { code: "NOT_FOUND", message: "nothing is at GET /nowhere" } });
  const front = await (await fetch(`${url}/`)).text();
  t.match(front, /^Test: a Barnacle hub.*npx barnacle.*barnacle devices code/s, "and the front page says how to go on");
});

t.test("health is always, ready when it is", async (t) => {
  const { url, state } = await served(t);
  t.match(await (await fetch(`${url}/health`)).json(), { ok: true, version: "0.1.0" });
  t.equal((await fetch(`${url}/ready`)).status, 200);
  state.ready = false;
  t.equal((await fetch(`${url}/ready`)).status, 503);
  t.match(await (await fetch(url)).text(), /Barnacle hub, version 0\.1\.0/);
});

t.test("one address cannot flood pairing, and forwarded headers do not make it another one", async (t) => {
  const { post, clock, counters } = await served(t);
  const ask = (i: number) => post(PAIR_CHALLENGE_PATH, { deviceId: "x" }, { "x-forwarded-for": `10.0.0.${i}` });
  for (let i = 0; i < 60; i++) await ask(i);
  const refused = await ask(61);
  t.match(refused, { status: 429, body: { error: { code: "RATE_LIMITED", message: /try again in 1 s/ } } });
  t.equal(refused.headers.get("retry-after"), "1");
  t.equal(counters.snapshot()["http.rateLimited"], 1);
  await clock.advance(1000);
  t.equal((await ask(62)).status, 400);
});

t.test("behind a configured proxy each client has its own limit", async (t) => {
  const { post } = await served(t, { trustedProxies: ["127.0.0.1"] });
  const ask = (ip: string) => post(PAIR_CHALLENGE_PATH, { deviceId: "x" }, { "x-forwarded-for": ip });
  for (let i = 0; i < 60; i++) await ask("10.0.0.1");
  t.equal((await ask("10.0.0.1")).status, 429);
  t.equal((await ask("10.0.0.2")).status, 400);
});

t.test("a fault inside is a 500 that is logged, not explained", async (t) => {
  const errors: object[] = [];
  const log = { ...silentLog, error: (fields: object) => errors.push(fields), child: () => log };
  const registry = await testRegistry(t);
  const devices = Object.assign(Object.create(registry.devices) as typeof registry.devices, {
    challenge: () => Promise.reject(new TypeError("broken inside")),
  });
  const { post } = await served(t, { devices, log });
  const answer = await post(PAIR_CHALLENGE_PATH, { deviceId: "a".repeat(64) });
  t.match(answer, { status: 500, body: { error: { code: "INTERNAL" } } });
  t.notMatch(JSON.stringify(answer.body), /broken inside/);
  t.same(errors, [{ problem: "broken inside" }]);
});

t.test("a busy port is named, and a stop frees it", async (t) => {
  const { http } = await served(t);
  const { port } = http;
  await t.rejects(served(t, { port }), {
    code: "PORT_BUSY",
    message: `HTTP on 127.0.0.1:${port}: the port is already in use`,
  });
  await http.stop();
  await http.stop();
  t.equal(http.port, 0);
  await served(t, { port });
});

t.test("a bucket refills with time and remembers a bounded number of keys", async (t) => {
  const clock = new FakeClock();
  const limit = new RateLimit({ clock, perMinute: 60, burst: 2 });
  t.same([limit.take("a"), limit.take("a"), limit.take("a"), limit.take("b")], [0, 0, 1000, 0]);
  await clock.advance(500);
  t.equal(limit.take("a"), 500);
  await clock.advance(500);
  t.equal(limit.take("a"), 0);
  const random = seededRandom(1);
  for (let i = 0; i < 10_001; i++) limit.take(`${i}-${random.unit()}`);
  t.equal(limit.take("a"), 0, "the oldest key was forgotten");
});
