import t from "tap";
import { CepstralMean, COEFFICIENTS } from "./mean.ts";

/** Frames whose every coefficient has the given value. */
const frames = (...values: number[]): Float32Array =>
  Float32Array.from({ length: values.length * COEFFICIENTS }, (_, i) => values[Math.floor(i / COEFFICIENTS)] ?? 0);
const repeat = (count: number, value: number): number[] => Array.from({ length: count }, () => value);
/** Second coefficients, those without the allowance for pauses. */
const seconds = (cepstra: Float32Array): number[] => [...cepstra.filter((_, i) => i % COEFFICIENTS === 1)];

t.test("frames are held for a second and a half, then centred on the speech so far", async (t) => {
  const mean = new CepstralMean();
  t.equal(mean.add(frames(...repeat(100, 10))).length, 0);
  const first = mean.add(frames(...repeat(100, 20)));
  t.equal(first.length, 200 * COEFFICIENTS);
  t.same([...new Set(seconds(first))], [-10, 0], "the quiet half does not count");
  t.same([...new Set(seconds(mean.add(frames(...repeat(100, 30)))))], [5], "the mean follows what comes");
});

t.test("the end of a short utterance gives out what is held, once", async (t) => {
  const mean = new CepstralMean();
  mean.add(frames(...repeat(10, 4)));
  t.same(seconds(mean.flush()), repeat(10, 0));
  t.equal(mean.flush().length, 0);
  t.equal(new CepstralMean().flush().length, 0);
});

t.test("a louder microphone and longer silence come to the same", async (t) => {
  const speech = Array.from({ length: 200 }, (_, i) => 50 + ((i * 7) % 13));
  const hear = (lead: number, shift: number): number[] => {
    const mean = new CepstralMean();
    return seconds(mean.add(frames(...[...repeat(lead, 5), ...speech].map((value) => value + shift)))).slice(-200);
  };
  t.same(hear(40, 0), hear(40, 16));
  t.same(hear(40, 0), hear(160, 0));
  t.same(hear(40, 0), hear(40, 0), "nothing is left of the utterance before");
});
