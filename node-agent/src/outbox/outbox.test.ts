import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import type { VoiceTurnReport, VoiceTurnSpoken } from "@barnacle/protocol/schema";
import t, { type Test } from "tap";
import { openDatabase } from "../state/index.ts";
import { Counters } from "../telemetry/counters.ts";
import { Outbox } from "./index.ts";

const turn = (turnId: string): VoiceTurnReport => ({
  turnId,
  startedAt: 1,
  wake: { engine: "fake", phrase: "hey", score: 1, latencyMs: 0 },
  outcome: "no-speech",
  spans: [],
});
const spoken = (turnId: string): VoiceTurnSpoken => ({ turnId, spoken: true, spans: [] });

function setUp(t: Test, dir = t.testdir({}), capacity?: number) {
  const clock = new FakeClock();
  const counters = new Counters();
  const sent: string[] = [];
  const hub = { connected: true, deaf: false };
  const db = openDatabase(dir);
  const outbox = new Outbox({
    db,
    clock,
    counters,
    log: silentLog,
    connected: () => hub.connected,
    send: async (_, id) => {
      if (hub.deaf) throw new Error("no acknowledgement");
      sent.push(id);
    },
    ...(capacity === undefined ? {} : { capacity }),
  });
  return { outbox, clock, counters, sent, hub, dir, db };
}

t.test("a message is sent at once and again until it is acknowledged", async (t) => {
  const { outbox, clock, sent } = setUp(t);
  await outbox.start();
  outbox.put("turn", "a", turn("a"));
  await clock.advance(0);
  t.same(sent, ["a"]);
  await clock.advance(5000);
  t.same(sent, ["a", "a"]);
  outbox.acknowledge(["a", "unknown"]);
  await clock.advance(20_000);
  t.same(sent, ["a", "a"]);
  t.equal(outbox.size, 0);
  await outbox.stop();
  t.equal(clock.pending, 0);
});

t.test("while the hub is away messages wait on disk and survive a restart, in order", async (t) => {
  const first = setUp(t);
  first.hub.connected = false;
  first.outbox.put("turn", "a", turn("a"));
  first.outbox.put("spoken", "b", spoken("a"));
  first.outbox.put("turn", "a", turn("a"));
  await first.clock.advance(10_000);
  t.same(first.sent, []);
  first.db.close();
  const second = setUp(t, first.dir);
  t.equal(second.outbox.size, 2);
  await second.outbox.reconnected();
  t.same(second.sent, ["a", "b"]);
});

t.test("a failed sending is tried again later", async (t) => {
  const { outbox, clock, sent, hub } = setUp(t);
  await outbox.start();
  hub.deaf = true;
  outbox.put("turn", "a", turn("a"));
  await clock.advance(5000);
  t.same(sent, []);
  hub.deaf = false;
  await clock.advance(5000);
  t.same(sent, ["a"]);
  await outbox.stop();
});

t.test("when full, reports of speech go before turns, and the loss is counted", async (t) => {
  const { outbox, counters, sent, hub } = setUp(t, undefined, 3);
  hub.connected = false;
  outbox.put("turn", "t1", turn("t1"));
  outbox.put("spoken", "s1", spoken("t1"));
  outbox.put("turn", "t2", turn("t2"));
  outbox.put("turn", "t3", turn("t3"));
  outbox.put("turn", "t4", turn("t4"));
  hub.connected = true;
  await outbox.reconnected();
  t.same(sent, ["t2", "t3", "t4"]);
  t.equal(counters.get("outboxDropped"), 2);
});
