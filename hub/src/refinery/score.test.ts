import fc from "fast-check";
import t from "tap";
import { byScore, type Scored, scoreOf } from "./score.ts";

const NOW = Date.parse("2026-12-01T12:00:00Z");
const HOUR = 3_600_000;

t.test("the score is what is documented", async (t) => {
  const rows: readonly (readonly [number, Partial<Omit<Scored, "id">>])[] = [
    [1200, {}],
    [1400, { priority: 0 }],
    [1300, { priority: 1 }],
    [1100, { priority: 3 }],
    [1000, { priority: 4 }],
    [1000, { priority: 7 }],
    [1000, { priority: -1 }],
    [1000, { priority: 1.5 }],
    [1150, { retries: 1 }],
    [1100, { retries: 2 }],
    [900, { retries: 6 }],
    [900, { retries: 60 }],
    [1201, { createdAt: NOW - HOUR }],
    [1200.5, { createdAt: NOW - HOUR / 2 }],
    [1200, { createdAt: NOW + HOUR }],
    [1230, { convoyCreatedAt: NOW - 3 * HOUR }],
    [1205, { convoyCreatedAt: NOW - HOUR / 2 }],
    [1200, { convoyCreatedAt: NOW + 3 * HOUR }],
    [1372, { priority: 1, retries: 1, createdAt: NOW - 2 * HOUR, convoyCreatedAt: NOW - 12 * HOUR }],
  ];
  for (const [score, given] of rows) {
    const request = { id: "hq-a", priority: 2, retries: 0, createdAt: NOW, ...given };
    t.equal(scoreOf(request, NOW), score, JSON.stringify(given));
  }
});

t.test("equals go by age, then by id; the order is total", async (t) => {
  const one = (id: string, createdAt: number): Scored => ({ id, priority: 2, retries: 0, createdAt });
  const later = NOW + HOUR;
  // Both in the future: no age at all, the same score.
  t.same([one("hq-a", later + 1), one("hq-b", later)].sort(byScore(NOW)), [one("hq-b", later), one("hq-a", later + 1)]);
  t.same([one("hq-b", later), one("hq-a", later)].sort(byScore(NOW)), [one("hq-a", later), one("hq-b", later)]);
  const request = fc.record({
    id: fc.string({ minLength: 1 }),
    priority: fc.integer({ min: -1, max: 6 }),
    retries: fc.nat(10),
    createdAt: fc.integer({ min: NOW - 99 * HOUR, max: NOW + HOUR }),
    convoyCreatedAt: fc.option(fc.integer({ min: NOW - 99 * HOUR, max: NOW }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(request, { selector: ({ id }) => id }), (requests) => {
      const sorted = [...requests].sort(byScore(NOW));
      const again = [...requests].reverse().sort(byScore(NOW));
      return JSON.stringify(sorted) === JSON.stringify(again);
    }),
  );
});
