import t from "tap";
import { confidenceOf, weigh } from "./judge.ts";
import type { Segment } from "./native.ts";

const segment = (word: string, start: number, end: number, perFrame: number): Segment => ({
  word,
  start,
  end,
  score: perFrame * (end - start + 1),
});
const even = (): number => -20;
const QUIET = -90;
const LOOP = [segment("_k", 0, 49, -20), segment("_aa", 50, 399, -20)];

t.test("the text is that of the words, without fillers, wake phrase and pronunciation numbers", async (t) => {
  const path = [
    segment("<sil>", 0, 9, -20),
    segment("_hh-ey", 10, 59, -90),
    segment("stop(3)", 60, 99, -20),
    segment("[NOISE]", 100, 120, -20),
    segment("the", 121, 130, -20),
    segment("(NULL)", -1, -1, 0),
    segment("music", 131, 180, -20),
  ];
  t.match(weigh(path, LOOP, even, QUIET), { text: "stop the music", overall: 0, worstWord: 0, swallowed: 0 });
});

t.test("no word of the household is no sentence", async (t) => {
  t.equal(weigh([], LOOP, even, QUIET), undefined);
  t.equal(weigh([segment("<sil>", 0, 99, -5)], LOOP, even, QUIET), undefined);
});

t.test("one bad word, a bad whole and swallowed speech each lower the confidence", async (t) => {
  const sure = (path: Segment[]): number => {
    const evidence = weigh(path, LOOP, even, QUIET);
    return evidence ? confidenceOf(evidence) : Number.NaN;
  };
  const good = sure([segment("stop", 0, 99, -20), segment("it", 100, 199, -20)]);
  t.ok(good > 0.9 && good <= 1, `${good}`);
  t.ok(sure([segment("stop", 0, 99, -20), segment("it", 100, 199, -70)]) < 0.5, "a bad word");
  t.ok(sure([segment("stop", 0, 99, -65), segment("it", 100, 199, -65)]) < 0.5, "all bad");
  const swallowed = sure([segment("stop", 0, 99, -20), segment("it", 100, 199, -20), segment("<sil>", 200, 399, -90)]);
  t.ok(swallowed < good - 0.05, `swallowed ${swallowed}`);
});

t.test("quiet background that fits silence badly is not swallowed speech", async (t) => {
  const path = [segment("stop", 0, 99, -20), segment("<sil>", 100, 399, -90)];
  t.equal(weigh(path, LOOP, (frame) => (frame < 100 ? -20 : -32), QUIET)?.swallowed, 0);
  t.ok((weigh(path, LOOP, even, QUIET)?.swallowed ?? 0) > Math.log(100));
});

t.test("swallowed speech weighs more in a quiet room than over music", async (t) => {
  const path = [segment("stop", 0, 99, -20), segment("<sil>", 100, 399, -90)];
  const over = (background: number): number => {
    const evidence = weigh(path, LOOP, even, background);
    return evidence ? confidenceOf(evidence) : Number.NaN;
  };
  t.ok(over(-60) < 0.2, `${over(-60)}`);
  t.ok(over(-60) < over(-42) && over(-42) < over(-34), "the nearer the background, the less it weighs");
  t.equal(over(-34), over(-25), "until it says nothing");
  const whole = [segment("stop", 0, 399, -20)];
  t.equal(weigh(whole, LOOP, even, QUIET)?.swallowedInQuiet, 0);
});

t.test("in noise a sentence must beat its nearest rival by far, in quiet nothing is asked", async (t) => {
  const sure = (background: number, margin?: number): number => {
    const evidence = weigh([segment("stop", 0, 99, -20)], LOOP, even, background);
    return evidence ? confidenceOf(evidence, margin) : Number.NaN;
  };
  t.ok(sure(-60, 0) > 0.9, "40 dB over the background");
  t.ok(sure(-30, 300) < 0.01, "10 dB over it");
  t.ok(sure(-30, 701) > 0.9);
  t.ok(sure(-30) > 0.9, "no rival at all");
  t.ok(sure(-42.5, 250) < 0.5 && sure(-42.5, 351) > 0.9, "half way between");
});

t.test("a word of no sentence, in quiet, is enough to reject one that fits well", async (t) => {
  const path = [segment("stop", 0, 45, -10), segment("<sil>", 46, 99, -48)];
  const evidence = weigh(path, LOOP, even, -64);
  t.ok(evidence && evidence.swallowedInQuiet > 1);
  t.ok(evidence && confidenceOf(evidence) < 0.5);
});
