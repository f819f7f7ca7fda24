import { Events, FakeClock } from "@barnacle/protocol/runtime";
import fastify from "fastify";
import t from "tap";
import { MemoryCounters } from "../counters.ts";
import { Origins } from "../http/index.ts";
import type { DeviceRecord, TurnRecord, VoiceTurns } from "../services.ts";
import { Metrics } from "./index.ts";

const NODES = [
  { roles: ["node"], online: true },
  { roles: ["node"], online: false },
  { roles: ["operator"], online: true },
];

async function served(t: { teardown(fn: () => unknown): void }) {
  const counters = new MemoryCounters();
  const voice: Pick<VoiceTurns, "events"> = { events: new Events() };
  const unit = new Metrics({
    ...{ version: "0.1.0", counters, voice, connections: () => 3, origins: new Origins(), clock: new FakeClock() },
    devices: { list: () => NODES as unknown as readonly DeviceRecord[] },
    secrets: ["a-long-token"],
  });
  const server = fastify();
  await server.register(async (own) => unit.register(own));
  t.teardown(() => server.close());
  const get = (headers = {}, remoteAddress = "127.0.0.1") =>
    server.inject({ url: "/metrics", headers: { host: "localhost", ...headers }, remoteAddress });
  return { counters, voice, get, server };
}

t.test("what a collector reads: connections, nodes, counters, memory, and how long turns took", async (t) => {
  const { counters, voice, get, server } = await served(t);
  counters.add("gateway.connects.operator", 5);
  const turn = (durationMs: number, status = "done") =>
    voice.events.emit("updated", {
      turn: { status, spans: [{ stage: "capture", startMs: 100, durationMs }] } as unknown as TurnRecord,
    });
  for (const [ms, status] of [
    [200, "done"],
    [1500, "done"],
    [9000, "failed"],
  ] as const)
    turn(ms, status);
  voice.events.emit("updated", { turn: { status: "done", spans: [] } as unknown as TurnRecord });
  const page = await get();
  t.equal(page.statusCode, 200);
  for (const line of [
    ...["barnacle_gateway_connections 3", "barnacle_nodes_paired 2", "barnacle_nodes_online 1"],
    ...['barnacle_events_total{name="gateway.connects.operator"} 5', 'barnacle_info{version="0.1.0"} 1'],
    ...['barnacle_turn_seconds_bucket{le="0.25"} 1', 'barnacle_turn_seconds_bucket{le="2"} 2'],
    ...["barnacle_turn_seconds_count 2", "barnacle_turn_seconds_sum 1.7"],
  ]) {
    t.ok(page.body.split("\n").includes(line), line);
  }
  t.match(page.body, /process_resident_memory_bytes \d{7,}/);
  t.match((await get()).body, /nodejs_eventloop_lag_p99_seconds [0-9.e-]+/);
  await server.close();
  t.equal(voice.events.count("updated"), 0, "a stop undoes everything");
});

t.test("other machines need the token, and a forwarded request is no local one", async (t) => {
  const { get } = await served(t);
  t.equal((await get({}, "192.168.1.9")).statusCode, 401);
  t.equal((await get({ "x-forwarded-for": "10.0.0.1" })).statusCode, 401);
  t.equal((await get({ authorization: "Bearer wrong" }, "192.168.1.9")).statusCode, 401);
  t.equal((await get({ authorization: "Bearer a-long-token" }, "192.168.1.9")).statusCode, 200);
});
