import fc from "fast-check";
import t from "tap";
import { Dither, levelDbfs, Reframer, SampleRing, type Samples, SILENCE_DBFS } from "./index.ts";
import { SerialQueue } from "./serial-queue.ts";

const ramp = (from: number, length: number): Samples => Int16Array.from({ length }, (_, i) => from + i);

t.test("a ring gives back what it still holds, by absolute position", async (t) => {
  const ring = new SampleRing(10);
  ring.write(ramp(0, 7));
  ring.write(ramp(7, 7));
  t.equal(ring.start, 4);
  t.equal(ring.end, 14);
  t.same([...ring.read(8, 11)], [8, 9, 10]);
  t.same([...ring.read(0, 6)], [4, 5], "what is gone is left out");
  t.same([...ring.read(12, 99)], [12, 13], "what is not yet written too");
  t.same([...ring.read(20)], [], "a start in the future is empty");
  t.throws(() => ring.read(5, 4), { code: "INPUT_INVALID" });
  t.throws(() => ring.read(0.5), { code: "INPUT_INVALID" });
  ring.reset();
  t.same([ring.start, ring.end, ring.capacity], [0, 0, 10]);
});

t.test("a ring equals the tail of everything written, whatever the block lengths", async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 30 }), fc.integer({ min: 1, max: 25 }), (lengths, capacity) => {
      const ring = new SampleRing(capacity);
      const all: number[] = [];
      for (const length of lengths) {
        const block = ramp(all.length, length);
        ring.write(block);
        all.push(...block);
      }
      return ring.end === all.length && ring.read(0).join() === all.slice(-capacity).join();
    }),
  );
});

t.test("re-framing keeps every sample in order", async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (lengths, size) => {
      const reframer = new Reframer(size);
      const out: number[] = [];
      let fed = 0;
      for (const length of lengths) {
        for (const frame of reframer.push(ramp(fed, length))) out.push(...frame);
        fed += length;
      }
      const whole = fed - (fed % size);
      return out.join() === ramp(0, whole).join() && reframer.pending === fed % size;
    }),
  );
});

t.test("a reset re-framer forgets what waits", async (t) => {
  const reframer = new Reframer(4);
  t.same([...reframer.push(ramp(0, 3))], []);
  reframer.reset();
  t.same(
    [...reframer.push(ramp(10, 4))].map((frame) => [...frame]),
    [[10, 11, 12, 13]],
  );
});

t.test("loudness is measured against full scale", async (t) => {
  t.equal(levelDbfs(new Int16Array(10)), SILENCE_DBFS);
  t.equal(levelDbfs(new Int16Array(0)), SILENCE_DBFS);
  t.equal(levelDbfs(Int16Array.of(-32768, -32768)), 0);
  const sine = Int16Array.from({ length: 16_000 }, (_, i) => 32_767 * Math.sin(i / 10));
  t.ok(Math.abs(levelDbfs(sine) + 3.01) < 0.05);
});

t.test("dither is near-silence and repeats itself", async (t) => {
  const dither = new Dither(6, 7);
  const first = dither.next(4000);
  t.ok(first.every((sample) => Math.abs(sample) <= 6));
  t.ok(new Set(first).size > 6, "it is not constant");
  t.notSame(dither.next(4000), first);
  dither.reset();
  t.same(dither.next(4000), first);
});

t.test("jobs run in order, one at a time, past a failing one", async (t) => {
  const queue = new SerialQueue();
  const log: string[] = [];
  const job = (name: string) => async () => {
    log.push(`${name}<`);
    await Promise.resolve();
    log.push(`${name}>`);
    if (name === "b") throw new RangeError(name);
  };
  const results = await Promise.allSettled([queue.run(job("a")), queue.run(job("b")), queue.run(job("c"))]);
  t.same(log, ["a<", "a>", "b<", "b>", "c<", "c>"]);
  t.same(
    results.map((result) => result.status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});

t.test("a superseded job learns that it is stale, later jobs find the change", async (t) => {
  const queue = new SerialQueue();
  let state = "old";
  const before = queue.run(async (stale) => [stale(), state]);
  queue.supersede(() => {
    state = "new";
  });
  const after = queue.run(async (stale) => [stale(), state]);
  t.same(await before, [true, "old"]);
  t.same(await after, [false, "new"]);
  await queue.idle();
});
