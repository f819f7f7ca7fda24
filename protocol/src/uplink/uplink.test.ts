import type { GatewayClientOptions } from "@openclaw/gateway-client";
import t, { type Test } from "tap";
import { generateIdentity } from "../identity/index.ts";
import { FakeClock, silentLog } from "../runtime/index.ts";
import type { CommandResult } from "../schema/index.ts";
import type { Offer } from "./connection.ts";
import { Uplink, type UplinkOptions } from "./uplink.ts";

function setUp(t: Test, patch: Partial<UplinkOptions> = {}, protocol = 4) {
  const clock = new FakeClock();
  const clients: GatewayClientOptions[] = [];
  const requests: [string, Record<string, unknown>][] = [];
  const answers: Record<string, () => unknown> = {};
  let offer: Offer = { caps: ["gpio"], commands: ["gpio.read"] };
  const result: CommandResult = {
    ...{ commandId: "c", idempotencyKey: "k", ok: true, payload: {}, duplicate: false, startedAt: 1, durationMs: 1 },
  };
  const uplink = new Uplink({
    ...{ url: "ws://gateway:1", directory: t.testdir(), identity: generateIdentity(), secret: { token: "t" } },
    about: { displayName: "Kitchen", version: "1", platform: "linux", deviceFamily: "Linux" },
    offer: () => offer,
    ...{ sessionKey: "kitchen", askAs: "transcript", talk: false, patienceMs: 1000, clock, log: silentLog },
    execute: async () => result,
    mouth: { say: async () => {}, hush: () => {} },
    wakeWords: async () => [],
    hostStats: async () => ({ cpuCount: 1, memoryTotalBytes: 2, memoryFreeBytes: 1 }),
    make: (options) => {
      clients.push(options);
      return {
        start: () => options.onHelloOk?.({ protocol } as never),
        stopAndWait: async () => {},
        request: async <T>(method: string, params: unknown) => {
          requests.push([method, params as Record<string, unknown>]);
          return (answers[method]?.() ?? {}) as T;
        },
      };
    },
    ...patch,
  });
  t.teardown(() => uplink.stop());
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 30; i++) await new Promise(setImmediate);
  };
  const events = () => requests.flatMap(([method, { event }]) => (method === "node.event" ? [event] : []));
  return { uplink, clock, clients, requests, answers, settle, events, result, change: (next: Offer) => (offer = next) };
}

const refuse =
  (message: string, gatewayCode = "UNAVAILABLE") =>
  (): never => {
    throw Object.assign(new RangeError(message), { gatewayCode });
  };

t.test(
  "a gateway of today is told of the machine and followed; one of January is not asked what it does not know",
  async (t) => {
    const today = setUp(t);
    await today.uplink.start();
    await today.settle();
    t.same(
      today.requests.map(([method]) => method).filter((method) => method !== "node.event"),
      ["node.runnerInventory.update"],
    );
    t.same(today.events(), ["chat.subscribe", "node.host.stats"]);
    await today.clock.advance(60_000);
    await today.settle();
    t.same(today.events().slice(2), ["node.host.stats"]);
    const january = setUp(t, {}, 3);
    await january.uplink.start();
    await january.settle();
    t.same(
      january.requests.map(([method, { event }]) => event ?? method),
      ["chat.subscribe"],
    );
    await january.clock.advance(60_000);
    t.equal(january.requests.length, 1);
    t.match(january.uplink.status, { state: "online", protocol: 3 });
  },
);

t.test("until its commands are approved it looks again, then follows", async (t) => {
  const { uplink, answers, clock, settle, events } = setUp(t);
  answers["node.runnerInventory.update"] = refuse("awaiting operator approval; run `openclaw nodes approve x1`");
  await uplink.start();
  await settle();
  t.match(uplink.status.surface, { requestId: "x1", command: "openclaw nodes approve x1" });
  t.same(events(), []);
  delete answers["node.runnerInventory.update"];
  await clock.advance(5000);
  await settle();
  t.equal(uplink.status.surface, undefined);
  t.ok(events().includes("chat.subscribe"));
});

t.test("a question is put only where its answer is heard", async (t) => {
  const { uplink, answers, settle, events, clock } = setUp(t);
  answers["node.runnerInventory.update"] = refuse("retry after pairing completes");
  await uplink.start();
  await settle();
  t.match(uplink.status.surface, { command: "openclaw nodes pending" });
  const told = uplink.converse("q", "1");
  await settle();
  t.same(events(), ["chat.subscribe", "voice.transcript"]);
  await clock.advance(1000);
  t.equal((await told).ending, "none");
  const other = uplink.conversationIn("hall");
  t.equal(uplink.conversationIn("hall"), other);
  const read = other.stream("q", "2", () => {});
  await settle();
  t.same(events().slice(2), ["chat.subscribe", "voice.transcript"]);
  other.stop();
  t.equal((await read).ending, "stopped");
});

t.test("a new offer is told once it has settled, and only if it is one", async (t) => {
  const { uplink, clients, clock, settle, change } = setUp(t);
  await uplink.start();
  await settle();
  uplink.offerChanged();
  await clock.advance(10_000);
  await settle();
  t.equal(clients.length, 1, "nothing changed");
  change({ caps: [], commands: ["gpio.read"] });
  uplink.offerChanged();
  await clock.advance(9000);
  change({ caps: ["gpio"], commands: ["gpio.read"] });
  uplink.offerChanged();
  await clock.advance(20_000);
  await settle();
  t.equal(clients.length, 1, "it came back in time");
  change({ caps: ["gpio"], commands: ["gpio.read", "gpio.write"] });
  uplink.offerChanged();
  await clock.advance(10_000);
  await settle();
  t.equal(clients.length, 2);
  t.match(clients[1], { commands: ["gpio.read", "gpio.write"] });
});

t.test("orders are answered; what is none is left alone, and a result that does not arrive ends nothing", async (t) => {
  const { uplink, clients, requests, answers, settle } = setUp(t);
  await uplink.start();
  await settle();
  const order = (payload: unknown) =>
    clients.at(-1)?.onEvent?.({ type: "event", event: "node.invoke.request", payload } as never);
  const results = () => requests.filter(([method]) => method === "node.invoke.result").map(([, params]) => params);
  order({ id: 5 });
  order({ id: "a", nodeId: "n", command: "gpio.read", paramsJSON: "[]" });
  order({ id: "b", nodeId: "n", command: "gpio.read", paramsJSON: null });
  await settle();
  t.match(results(), [
    { id: "a", ok: false, error: { code: "INVALID_REQUEST" } },
    { id: "b", ok: true },
  ]);
  answers["node.invoke.result"] = refuse("gone");
  order({ id: "c", nodeId: "n", command: "gpio.read" });
  await settle();
  t.ok(uplink.connected);
});
