import { createRequire } from "node:module";
import path from "node:path";
import { GatewayClient } from "@openclaw/gateway-client";
import t, { type Test } from "tap";
import { House } from "../../support/house.ts";
import { cacheDirectory, notWanted } from "../support/cache.ts";
import { targetOf } from "../support/hub.ts";
import { label, OPENCLAW_NODE } from "../support/programs.ts";
import { Relay } from "../support/relay.ts";

t.setTimeout(300_000);

interface Chunk {
  readonly type: string;
  readonly text: string;
}

interface OpenClawClient {
  connect(): Promise<unknown>;
  disconnect(): Promise<void>;
  chat(message: string, options?: object): AsyncIterable<Chunk>;
  chatSync(message: string, options?: object): Promise<string>;
}

async function house(t: Test): Promise<House> {
  const house = new House(t.testdir(), { node: { wake: { engine: "none" }, speech: { engine: "none" } } });
  t.teardown(() => house.close());
  await house.startHub();
  return house;
}

t.test("@openclaw/gateway-client, the project's own library", async (t) => {
  const target = targetOf(await house(t));
  const events: string[] = [];
  const { promise: hello, resolve, reject } = Promise.withResolvers<{ protocol: number }>();
  const client = new GatewayClient({
    url: target.url,
    token: target.token,
    minProtocol: 4,
    maxProtocol: 4,
    scopes: ["operator.read", "operator.write"],
    onHelloOk: resolve,
    onConnectError: reject,
    onEvent: ({ event }) => events.push(event),
  });
  t.teardown(() => client.stop());
  client.start();
  t.match(await hello, { protocol: 4 });
  t.match(await client.request("health", {}), { ok: true });
  await t.rejects(client.request("no.such.method", {}), { message: /no\.such\.method|missing scope/ });

  const idempotencyKey = "library-1";
  const request = { message: "what time is it", sessionKey: "agent:main:library", idempotencyKey };
  const final = await client.request("agent", request, { expectFinal: true });
  t.match(final, { runId: idempotencyKey, status: "ok", result: { payloads: [{ text: /\d/ }] } });
  t.ok(events.includes("agent"), "the run was seen");
  t.ok(events.includes("chat"), "so was the chat");
  t.match(await client.request("chat.history", { sessionKey: request.sessionKey }), {
    messages: [{ role: "user" }, { role: "assistant" }],
  });
});

t.test(label(OPENCLAW_NODE), { skip: notWanted() }, async (t) => {
  const relay = await new Relay(targetOf(await house(t))).start();
  t.teardown(() => relay.stop());
  const require = createRequire(path.join(cacheDirectory(), label(OPENCLAW_NODE), "package.json"));
  const library = require("openclaw-node") as { OpenClawClient: new (options: object) => OpenClawClient };
  const client = new library.OpenClawClient({
    url: relay.url,
    token: relay.token,
    deviceIdentityPath: path.join(t.testdirName, "device-identity.json"),
    autoReconnect: false,
  });
  await client.connect();
  const chunks: Chunk[] = [];
  for await (const chunk of client.chat("what time is it", { sessionKey: "agent:main:third" })) chunks.push(chunk);
  t.equal(chunks.at(-1)?.type, "done");
  const text = chunks.filter(({ type }) => type === "text").map((chunk) => chunk.text);
  t.match(text.join(""), /\d/, "the answer came as it was written");
  t.match(await client.chatSync("what time is it", { sessionKey: "agent:main:third" }), /\d/);
  t.same(relay.refusals(), []);
  await client.disconnect();
});
