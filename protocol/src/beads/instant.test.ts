import t from "tap";
import { compareInstants, parseInstant, parseLength, parseWhen } from "./index.ts";

const NONE = { ms: 0, sub: 0 };

t.test("times with offsets and up to nine digits of fraction are ordered as instants", async (t) => {
  const texts = [
    "2025-11-02T21:58:07.295058-08:00",
    "2025-11-03T05:58:07.2950581Z",
    "2025-11-03T06:58:07.295058100+01:00",
    "2025-11-03T05:58:07.295058101Z",
    "2025-11-03T05:58:08Z",
  ];
  const instants = texts.map((text) => parseInstant(text) ?? NONE);
  t.same(instants[0], { ms: Date.parse("2025-11-03T05:58:07.295Z"), sub: 58_000 });
  t.equal(compareInstants(instants[1] ?? NONE, instants[2] ?? NONE), 0);
  for (const [a, b] of [
    [0, 1],
    [2, 3],
    [3, 4],
  ] as const)
    t.ok(compareInstants(instants[a] ?? NONE, instants[b] ?? NONE) < 0, `${texts[a]}`);
  for (const bad of ["", "yesterday", "2025-11-03", "2025-13-03T00:00:00Z", "2025-11-03T05:58:07"])
    t.equal(parseInstant(bad), undefined, bad);
});

t.test("times as people say them", async (t) => {
  const now = new Date(2026, 10, 30, 15, 30).getTime();
  const day = (n: number) => new Date(2026, 10, n).getTime();
  t.equal(parseWhen("+6h", now), now + 6 * 3_600_000);
  t.equal(parseWhen("-2w", now), now - 14 * 86_400_000);
  t.equal(parseWhen("1d", now), now + 86_400_000);
  t.equal(parseWhen("now", now), now);
  t.equal(parseWhen("today", now), day(30));
  t.equal(parseWhen("Tomorrow", now), day(31));
  t.equal(parseWhen("yesterday", now), day(29));
  t.equal(parseWhen("next monday", now), day(37), "today is one");
  t.equal(parseWhen("tuesday", now), day(31));
  t.equal(parseWhen("2026-11-29", now), day(29));
  t.equal(parseWhen("2026-11-29T00:00:00Z", now), Date.parse("2026-11-29T00:00:00Z"));
  for (const bad of ["", "soon", "2026-02-31", "6"]) t.equal(parseWhen(bad, now), undefined, bad);
  t.equal(parseLength("90s"), 90_000);
  t.equal(parseLength("soon"), undefined);
});
