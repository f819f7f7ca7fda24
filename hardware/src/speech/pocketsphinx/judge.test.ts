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
  t.match(weigh(path, LOOP, even), { text: "stop the music", overall: 0, worstWord: 0, swallowed: 0 });
});

t.test("no word of the household is no sentence", async (t) => {
  t.equal(weigh([], LOOP, even), undefined);
  t.equal(weigh([segment("<sil>", 0, 99, -5)], LOOP, even), undefined);
});

t.test("one bad word, a bad whole and swallowed speech each lower the confidence", async (t) => {
  const sure = (path: Segment[]): number => {
    const evidence = weigh(path, LOOP, even);
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
  t.equal(weigh(path, LOOP, (frame) => (frame < 100 ? -20 : -32))?.swallowed, 0);
  t.ok((weigh(path, LOOP, even)?.swallowed ?? 0) > Math.log(100));
});
