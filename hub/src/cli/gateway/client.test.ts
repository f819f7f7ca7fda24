import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { generateIdentity } from "@barnacle/protocol/identity";
import { FakeClock } from "@barnacle/protocol/runtime";
import t, { type Test as T } from "tap";
import { capturedIo, FakeGateway, SILENT, temporaryHome } from "../testing.ts";
import { GatewayClient } from "./client.ts";
import { connect } from "./connect.ts";
import { errorFromWire, parseFrame } from "./wire.ts";

const identity = generateIdentity();
const version = "0";

async function gateway(t: T, methods = {}): Promise<FakeGateway> {
  const fake = await FakeGateway.start(methods);
  t.teardown(() => fake.stop());
  return fake;
}

t.test("signs the challenge, calls a method, hears events", async (t) => {
  const fake = await gateway(t, { echo: (params: object) => params });
  const client = new GatewayClient({ url: fake.url, token: fake.token, identity, version });
  t.match(await client.open(), { type: "hello-ok" });
  t.match(client.hello, { server: { version: "1.2.3" } });
  t.same(await client.call("echo", { a: 1 }), { a: 1 });
  const heard = new Promise((resolve) => client.on("barnacle.turn", resolve));
  fake.emit("barnacle.turn", { turnId: "x" });
  t.same(await heard, { turnId: "x" });
  await client.close();
  await t.rejects(client.call("echo"), { code: "HUB_UNREACHABLE" });
});

t.test("a refusal comes back under Barnacle's own code", async (t) => {
  const fake = await gateway(t, {
    refuse() {
      throw new BarnacleError("DEVICE_UNKNOWN", "no device called shed", { hint: "look again" });
    },
  });
  const client = new GatewayClient({ url: fake.url, token: fake.token, identity, version });
  await client.open();
  t.teardown(() => client.close());
  await t.rejects(client.call("refuse"), {
    code: "DEVICE_UNKNOWN",
    message: "no device called shed",
    hint: "look again",
  });
  await t.rejects(client.call("nothing"), { code: "METHOD_UNKNOWN" });
});

t.test("a wrong token is UNAUTHORIZED and is not repeated in the message", async (t) => {
  const fake = await gateway(t);
  const client = new GatewayClient({ url: fake.url, token: "a-wrong-token-0000", identity, version });
  const error = await client.open().then(
    () => undefined,
    (thrown: unknown) => thrown as BarnacleError,
  );
  t.equal(error?.code, "UNAUTHORIZED");
  t.notMatch(JSON.stringify(error?.toShape()), /a-wrong-token/);
  await client.close();
});

t.test("a call that is never answered ends by the clock", async (t) => {
  const fake = await gateway(t, { silent: () => SILENT });
  const clock = new FakeClock();
  const client = new GatewayClient({ url: fake.url, token: fake.token, identity, version, clock });
  await client.open();
  const call = client.call("silent", {}, 1000);
  const rejected = t.rejects(call, { code: "TIMEOUT", message: /silent within 1000 ms/ });
  await clock.advance(1000);
  await rejected;
  await client.close();
});

t.test("calls in flight end when the hub goes away", async (t) => {
  const fake = await gateway(t, { silent: () => SILENT });
  const client = new GatewayClient({ url: fake.url, token: fake.token, identity, version });
  await client.open();
  const closed = new Promise<BarnacleError>((resolve) => client.onClose(resolve));
  const rejected = t.rejects(client.call("silent"), { code: "HUB_UNREACHABLE", message: /service restart, code 1012/ });
  fake.restart();
  await rejected;
  t.equal((await closed).code, "HUB_UNREACHABLE");
});

t.test("a hub that says nothing ends by the clock", async (t) => {
  const fake = await gateway(t);
  const clock = new FakeClock();
  const client = new GatewayClient({
    url: `${fake.url}`,
    token: fake.token,
    identity,
    version,
    clock,
    connectTimeoutMs: 50,
  });
  const rejected = t.rejects(client.open(), { code: "HUB_UNREACHABLE", message: /did not answer within 50 ms/ });
  await clock.advance(50);
  await rejected;
});

t.test("a stale hub.json is passed over for a hub that answers", async (t) => {
  const fake = await gateway(t, { health: () => ({ ok: true }) });
  const home = temporaryHome(t.teardown.bind(t));
  const io = { ...capturedIo({ home }), env: { HOME: home } };
  const stale = path.join(home, ".local/state/barnacle");
  const live = path.join(home, ".local/state/barnacle-demo");
  for (const [directory, url] of [
    [stale, "ws://127.0.0.1:1"],
    [live, fake.url],
  ] as const) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, "hub.json"), JSON.stringify({ url, token: fake.token }));
  }
  const client = await connect({}, io);
  t.equal(client.url, fake.url);
  await client.close();
});

t.test("when no hub answers, every address that was tried is named, and what to do", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  await t.rejects(connect({ url: "127.0.0.1:1" }, capturedIo({ home })), {
    code: "HUB_UNREACHABLE",
    message: "no hub answers at ws://127.0.0.1:1 (connection refused), from --url",
    hint: /barnacle hub/,
  });
});

t.test("frames from outside are read with suspicion", async (t) => {
  for (const text of ["", "null", "[]", "7", '{"type":"res"}', '{"type":"event","event":1}', '{"type":"req","id":"1"}'])
    t.equal(parseFrame(text), undefined, text);
  t.match(parseFrame('{"type":"res","id":"1","ok":true,"payload":null}'), { ok: true, payload: null });
});

t.test("errors from the wire keep what they know", async (t) => {
  t.match(errorFromWire(undefined), { code: "INTERNAL" });
  t.match(errorFromWire({ code: "NOT_PAIRED", message: "pairing required", details: { requestId: "r1" } }), {
    code: "NOT_PAIRED",
    hint: /devices approve r1/,
  });
  const nodeError = { code: "COMMAND_PARAMS", message: "line: expected integer" };
  t.match(errorFromWire({ code: "UNAVAILABLE", message: "node failed", details: { nodeError } }), nodeError);
});
