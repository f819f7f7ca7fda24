import type { NoticeEvent } from "@barnacle/protocol/mqtt";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import type { VoiceTurnReport, VoiceTurnSpoken } from "@barnacle/protocol/schema";
import t, { type Test } from "tap";
import { type NodeDatabase, openDatabase } from "../state/index.ts";
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

const notice = (kind: string): NoticeEvent => ({ kind, at: 5, data: {} });

function setUp(t: Test, dir = t.testdir({}), capacity?: number, keepMs?: number) {
  const clock = new FakeClock();
  const counters = new Counters();
  const sent: string[] = [];
  const bodies: unknown[] = [];
  const hub = { connected: true, deaf: false };
  const disk = openDatabase(dir);
  const fault = { full: false };
  /** Every commit, in rows; fails like a full disk when told. */
  const commits: number[] = [];
  let rows = 0;
  const db: NodeDatabase = {
    get isTransaction() {
      return disk.isTransaction;
    },
    prepare(sql) {
      if (fault.full && !sql.startsWith("SELECT")) throw new Error("disk full");
      if (/^(INSERT|DELETE)/.test(sql)) rows += 1;
      return disk.prepare(sql);
    },
    exec(sql) {
      disk.exec(sql);
      if (sql === "COMMIT") commits.push(rows);
      rows = 0;
    },
  };
  const outbox = new Outbox({
    db,
    clock,
    counters,
    log: silentLog,
    connected: () => hub.connected,
    send: async (_, id, body) => {
      if (hub.deaf) throw new Error("no acknowledgement");
      sent.push(id);
      bodies.push(body);
    },
    ...{ capacity, keepMs },
  });
  const stored = () =>
    disk
      .prepare("SELECT id FROM outbox ORDER BY seq")
      .all()
      .map(({ id }) => id);
  return { outbox, clock, counters, sent, bodies, hub, dir, db: disk, commits, fault, stored };
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

t.test("an event that the hub stores at once never touches the disk; one that it does not store does", async (t) => {
  const { outbox, clock, sent, commits, stored } = setUp(t);
  await outbox.start();
  outbox.put("notice", "a", notice("gpio.edge"));
  await clock.advance(100);
  outbox.acknowledge(["a"]);
  await clock.advance(2000);
  t.same([sent, commits, outbox.size], [["a"], [], 0]);
  outbox.put("notice", "b", notice("gpio.edge"));
  await clock.advance(2000);
  t.same(stored(), ["b"]);
  outbox.acknowledge(["b"]);
  t.same(stored(), []);
  await outbox.stop();
  t.equal(clock.pending, 0);
});

t.test("while the hub is away events are written in batches, in order with turns, and come once each", async (t) => {
  const { outbox, clock, sent, hub, commits, stored } = setUp(t);
  hub.connected = false;
  await outbox.start();
  for (let i = 0; i < 50; i++) outbox.put("notice", `n${i}`, notice("gpio.edge"));
  await clock.advance(250);
  t.equal(commits.length, 1, "one commit for all of them");
  outbox.put("notice", "n50", notice("gpio.edge"));
  outbox.put("turn", "t", turn("t"));
  const expected = [...Array.from({ length: 51 }, (_, i) => `n${i}`), "t"];
  t.same(stored(), expected, "a turn takes with it what was before it");
  hub.connected = true;
  await outbox.reconnected();
  t.same(sent, expected);
  outbox.acknowledge(sent);
  await outbox.reconnected();
  t.same(sent, expected);
  await outbox.stop();
});

t.test("stopping writes what was not written yet", async (t) => {
  const first = setUp(t);
  first.hub.connected = false;
  await first.outbox.start();
  first.outbox.put("notice", "a", notice("x"));
  await first.outbox.stop();
  first.db.close();
  t.same(setUp(t, first.dir).stored(), ["a"]);
});

t.test("a message is given up after its time, counted while the node runs, whatever the wall clock does", async (t) => {
  const day = 24 * 3600 * 1000;
  const { outbox, clock, counters, hub, stored } = setUp(t, undefined, undefined, 7 * day);
  hub.connected = false;
  await outbox.start();
  outbox.put("notice", "old", notice("x"));
  clock.jumpTo(Date.UTC(2055, 0, 1));
  await clock.advance(3 * day);
  clock.jumpTo(0);
  outbox.put("turn", "young", turn("young"));
  await clock.advance(4 * day - 1);
  t.same(stored(), ["old", "young"]);
  await clock.advance(2 * 3600 * 1000);
  t.same(stored(), ["young"]);
  t.equal(counters.get("outboxExpired"), 1);
  await outbox.stop();
});

t.test("a clock that is put right puts the times of waiting events right", async (t) => {
  const { outbox, clock, bodies, hub } = setUp(t);
  clock.jumpTo(0);
  hub.connected = false;
  outbox.put("notice", "a", { kind: "gpio.edge", at: clock.now(), data: {} });
  await clock.advance(60_000);
  clock.jumpTo(Date.UTC(2026, 5, 1));
  hub.connected = true;
  await outbox.reconnected();
  t.match(bodies, [{ at: Date.UTC(2026, 5, 1) - 60_000 }]);
});

t.test(
  "a disk that takes nothing loses nothing: messages wait in memory, are sent, and written when it is well",
  async (t) => {
    const { outbox, clock, counters, hub, sent, fault, stored } = setUp(t, undefined, 4);
    await outbox.start();
    hub.connected = false;
    fault.full = true;
    for (const id of ["a", "b", "c", "d", "e"]) outbox.put("turn", id, turn(id));
    t.ok(outbox.unwritable);
    t.ok(counters.get("outboxUnsaved") > 0);
    t.equal(outbox.size, 4, "bounded there too");
    hub.connected = true;
    await outbox.reconnected();
    t.same(sent, ["b", "c", "d", "e"]);
    outbox.acknowledge(["b", "c"]);
    fault.full = false;
    await clock.advance(5000);
    t.notOk(outbox.unwritable);
    t.same(stored(), ["d", "e"]);
    await outbox.stop();
  },
);

t.test("when full, events go before turns, and before them what was spoken", async (t) => {
  const { outbox, hub, sent } = setUp(t, undefined, 3);
  hub.connected = false;
  outbox.put("turn", "t1", turn("t1"));
  outbox.put("notice", "n1", notice("x"));
  outbox.put("spoken", "s1", spoken("t1"));
  for (const id of ["t2", "t3", "t4"]) outbox.put("turn", id, turn(id));
  hub.connected = true;
  await outbox.reconnected();
  t.same(sent, ["t2", "t3", "t4"]);
});
