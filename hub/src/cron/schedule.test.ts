import t from "tap";
import { atTime, checkSchedule, lastTime, nextTime } from "./schedule.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;
const anchor = { id: "j", createdAtMs: NOON };

t.test("a single time is ISO text, UTC unless it says otherwise", async (t) => {
  t.equal(atTime("2026-01-01T12:00:00Z"), NOON);
  t.equal(atTime("2026-01-01T12:00:00"), NOON);
  t.equal(atTime("2026-01-01T13:00:00+01:00"), NOON);
  t.equal(atTime(String(NOON)), NOON);
  t.throws(() => atTime("at noon"), { code: "INPUT_INVALID", message: /"at noon" is no time/ });
  const at = { kind: "at", at: "2026-01-01T12:00:00Z" } as const;
  t.equal(await nextTime(at, anchor, NOON - 1), NOON);
  t.equal(await nextTime(at, anchor, NOON), undefined);
  t.equal(await lastTime(at, anchor, NOON + HOUR), NOON);
});

t.test("an interval counts from its anchor, or from when the job was made", async (t) => {
  const every = { kind: "every", everyMs: HOUR } as const;
  t.equal(await nextTime(every, anchor, NOON), NOON + HOUR);
  t.equal(await nextTime(every, anchor, NOON + HOUR - 1), NOON + HOUR);
  t.equal(await nextTime({ ...every, anchorMs: NOON + 5 }, anchor, NOON), NOON + 5);
  t.equal(await lastTime(every, anchor, NOON + 2.5 * HOUR), NOON + 2 * HOUR);
  t.equal(await lastTime({ ...every, anchorMs: NOON + 5 }, anchor, NOON), undefined);
});

t.test("an expression is read in its zone, over the change to summer time", async (t) => {
  const berlin = { kind: "cron", expr: "30 7 * * *", tz: "Europe/Berlin" } as const;
  t.equal(await nextTime(berlin, anchor, Date.UTC(2026, 2, 28, 12)), Date.UTC(2026, 2, 29, 5, 30));
  t.equal(await nextTime(berlin, anchor, Date.UTC(2026, 2, 27, 12)), Date.UTC(2026, 2, 28, 6, 30));
  t.equal(await lastTime(berlin, anchor, Date.UTC(2026, 2, 28, 12)), Date.UTC(2026, 2, 28, 6, 30));
  const exact = Date.UTC(2026, 2, 28, 6, 30);
  t.equal(await lastTime(berlin, anchor, exact), exact);
  t.equal(await lastTime(berlin, anchor, exact - 1), Date.UTC(2026, 2, 27, 6, 30));
});

t.test("stagger moves a job by an amount of its own, always the same", async (t) => {
  const plain = { kind: "cron", expr: "0 * * * *", tz: "UTC" } as const;
  const spread = { ...plain, staggerMs: 600_000 };
  const at = await nextTime(plain, anchor, NOON + 1);
  const moved = await nextTime(spread, anchor, NOON + 1);
  t.ok(moved !== undefined && moved > NOON && moved < NOON + HOUR + 600_000);
  t.equal(await nextTime(spread, anchor, NOON + 1), moved);
  t.not(moved, at);
  t.equal(await lastTime(spread, anchor, moved ?? 0), moved);
});

t.test("what cannot be a schedule is named", async (t) => {
  const refused = (schedule: Parameters<typeof checkSchedule>[0], message: RegExp) =>
    t.rejects(checkSchedule(schedule), { code: "INPUT_INVALID", message });
  await refused({ kind: "every", everyMs: 10 }, /at least 1000/);
  await refused({ kind: "cron", expr: "61 * * * *" }, /"61 \* \* \* \*"/);
  await refused({ kind: "cron", expr: "0 * * * *", tz: "Mars/Base" }, /Mars\/Base/);
  t.match(await checkSchedule({ kind: "at", at: "2026-01-01T13:00:00+01:00" }), { at: "2026-01-01T12:00:00.000Z" });
});
