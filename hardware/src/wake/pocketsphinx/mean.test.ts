import t from "tap";
import { COEFFICIENTS } from "../../speech/pocketsphinx/mean.ts";
import { StreamMean } from "./mean.ts";

const frames = (count: number, energy: number, rest: number): Float32Array =>
  Float32Array.from({ length: count * COEFFICIENTS }, (_, i) => (i % COEFFICIENTS === 0 ? energy : rest));
/** Second coefficient of the last frame. */
const last = (cepstra: Float32Array): number => Math.round(100 * (cepstra.at(1 - COEFFICIENTS) ?? 0)) / 100;
const EXPECTED = Float64Array.from({ length: COEFFICIENTS }, () => 3);

t.test("before anything was heard the model's own mean is taken off", async (t) => {
  const out = new StreamMean(EXPECTED).add(frames(1, 10, 5));
  t.equal(last(out), 2);
  t.equal(out[0], 10 - 3 + 4, "with an allowance for pauses in the energy");
});

t.test("a minute of silence changes nothing, speech does", async (t) => {
  const mean = new StreamMean(EXPECTED);
  mean.add(frames(1, 60, 3));
  const before = last(mean.add(frames(1, 10, 3)));
  mean.add(frames(300, 10, -40));
  t.equal(last(mean.add(frames(1, 10, 3))), before);
  mean.add(frames(1500, 60, 20));
  t.ok(Math.abs(last(mean.add(frames(1, 60, 20)))) < 0.5, "a new voice is met");
});
