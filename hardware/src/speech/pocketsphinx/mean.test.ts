import t from "tap";
import { CepstralMean, COEFFICIENTS } from "./mean.ts";

const frames = (count: number, value: (frame: number, i: number) => number): Float32Array =>
  Float32Array.from({ length: count * COEFFICIENTS }, (_, i) => value(Math.floor(i / COEFFICIENTS), i % COEFFICIENTS));

t.test("frames are held for a second and a half, then centred on the mean so far", async (t) => {
  const mean = new CepstralMean();
  t.equal(mean.add(frames(100, () => 10)).length, 0);
  const first = mean.add(frames(100, () => 20));
  t.equal(first.length, 200 * COEFFICIENTS);
  t.equal(first[0], -5);
  t.equal(first.at(-1), 5);
  const next = mean.add(frames(200, () => 35));
  t.same([...new Set(next)], [10], "the mean follows what comes");
});

t.test("the end of a short utterance gives out what is held, once", async (t) => {
  const mean = new CepstralMean();
  mean.add(frames(10, (frame, i) => (frame === 0 ? 8 : 4) + i));
  const held = mean.flush();
  t.equal(held.length, 10 * COEFFICIENTS);
  t.ok(Math.abs((held[0] ?? 0) - 3.6) < 1e-5);
  t.equal(mean.flush().length, 0);
});

t.test("a level that is the same throughout leaves nothing of itself", async (t) => {
  const hear = (shift: number): Float32Array => {
    const mean = new CepstralMean();
    return mean.add(frames(300, (frame, i) => 50 + ((frame * 7 + i) % 13) + shift));
  };
  t.same(hear(0), hear(16));
});

t.test("digital silence does not count", async (t) => {
  const mean = new CepstralMean();
  mean.add(frames(100, () => -90));
  t.equal(mean.add(frames(100, () => 5)).at(-1), 0);
});
