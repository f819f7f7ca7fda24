import { FakeBoard } from "@barnacle/hardware/board";
import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { BoardTelemetry } from "@barnacle/protocol/schema";
import t from "tap";
import { Counters, Telemetry } from "./index.ts";

async function settle(clock: FakeClock): Promise<void> {
  for (let i = 0; i < 5; i++) await clock.advance(0);
}

t.test("a reading goes out every interval, never in step, with counters and microphone", async (t) => {
  const clock = new FakeClock();
  const counters = new Counters();
  counters.add("wakes", 3);
  const sent: BoardTelemetry[] = [];
  const hub = { connected: true, fails: false };
  const telemetry = new Telemetry({
    board: new FakeBoard(),
    microphone: () => ({ state: "lost", reason: "unplugged" }),
    storage: () => undefined,
    pins: () => [{ line: 17, name: "lamp", direction: "out", value: 1 }],
    counters,
    intervalMs: 10_000,
    publish: async (sample) => {
      if (hub.fails) throw new Error("gone");
      sent.push(sample);
    },
    connected: () => hub.connected,
    clock,
    random: seededRandom(3),
    log: silentLog,
  });
  await telemetry.start();
  await clock.advance(8999);
  t.equal(sent.length, 0);
  await clock.advance(2002);
  await settle(clock);
  t.match(sent, [{ gpio: [{ line: 17, name: "lamp", value: 1 }], agentVersion: String, storage: { writable: true } }]);
  t.match(sent, [{ counters: { wakes: 3 }, microphone: { state: "lost", reason: "unplugged" } }]);
  hub.connected = false;
  await clock.advance(60_000);
  t.equal(sent.length, 1, "an old reading is not kept for later");
  hub.connected = true;
  hub.fails = true;
  await clock.advance(22_000);
  hub.fails = false;
  await clock.advance(11_001);
  await settle(clock);
  t.ok(sent.length >= 2, "a failed sending ends nothing");
  await telemetry.stop();
  t.equal(clock.pending, 0);
});
