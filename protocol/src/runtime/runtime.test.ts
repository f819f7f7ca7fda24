import t from "tap";
import { Events, FakeClock, seededRandom, sleep, startAll, stopAll, type Unit } from "./index.ts";

t.test("the fake clock fires timers in due order and only when moved", async (t) => {
  const clock = new FakeClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push("b"));
  clock.after(10, () => fired.push("a"));
  const end = clock.every(15, () => fired.push("tick"));
  const cancel = clock.after(5, () => fired.push("never"));
  cancel();
  await clock.advance(30);
  t.same(fired, ["a", "tick", "b", "tick"]);
  end();
  t.equal(clock.pending, 0);
  let woke = false;
  const nap = sleep(clock, 100).then(() => {
    woke = true;
  });
  await clock.advance(99);
  t.notOk(woke);
  await clock.advance(1);
  await nap;
  t.ok(woke);
});

t.test("a wall clock jump leaves durations alone", async (t) => {
  const clock = new FakeClock(1000);
  clock.jumpTo(500_000);
  t.equal(clock.now(), 500_000);
  t.equal(clock.monotonic(), 0);
});

t.test("seeded randomness repeats", async (t) => {
  const [a, b] = [seededRandom(7), seededRandom(7)];
  t.same([a.unit(), a.uuid(), a.bytes(4)], [b.unit(), b.uuid(), b.bytes(4)]);
  t.match(a.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

t.test("units start in order; a failure stops what had started, in reverse", async (t) => {
  const log: string[] = [];
  const unit = (name: string, fails = false): Unit => ({
    async start() {
      if (fails) throw new TypeError(name);
      log.push(`+${name}`);
    },
    async stop() {
      log.push(`-${name}`);
    },
  });
  await t.rejects(startAll([unit("a"), unit("b"), unit("c", true), unit("d")]), { message: "c" });
  t.same(log, ["+a", "+b", "-b", "-a"]);
});

t.test("stopping goes on past a failure and then reports it", async (t) => {
  const log: string[] = [];
  const good: Unit = { start: async () => {}, stop: async () => void log.push("good") };
  const bad: Unit = {
    start: async () => {},
    stop: async () => {
      throw new TypeError("bad");
    },
  };
  await t.rejects(stopAll([good, bad]), { message: "bad" });
  t.same(log, ["good"]);
});

t.test("listeners vanish with their owner, and one that throws does not silence the rest", async (t) => {
  const events = new Events<{ ping: number }>();
  const owner = {};
  const heard: number[] = [];
  events.on("ping", () => {
    throw new TypeError("first");
  });
  events.on("ping", (n) => heard.push(n), owner);
  t.throws(() => events.emit("ping", 1), { message: "first" });
  t.same(heard, [1]);
  events.dropOwner(owner);
  t.equal(events.count("ping"), 1);
});
