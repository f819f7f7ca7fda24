import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { CronSchedule } from "../services.ts";

/** Quicker than this is not by the clock any more. */
const SHORTEST_MS = 1000;
const DIGITS = /^\d{10,16}$/;

/** Where a schedule counts from. */
export interface Anchor {
  readonly id: string;
  readonly createdAtMs: number;
}

/** The time of an `at` schedule. Text without a zone is UTC. @throws INPUT_INVALID */
export function atTime(at: string): number {
  const text = at.trim();
  const zoned = /T[\d:.]+$/i.test(text) ? `${text}Z` : text;
  const time = DIGITS.test(text) ? Number(text) : Date.parse(zoned);
  if (Number.isFinite(time)) return time;
  throw new BarnacleError("INPUT_INVALID", `schedule.at: "${text.slice(0, 60)}" is no time; expected ISO 8601`);
}

/** The first time after `after`; undefined when there is none. @throws INPUT_INVALID */
export async function nextTime(schedule: CronSchedule, anchor: Anchor, after: number): Promise<number | undefined> {
  switch (schedule.kind) {
    case "at": {
      const time = atTime(schedule.at);
      return time > after ? time : undefined;
    }
    case "every": {
      const from = schedule.anchorMs ?? anchor.createdAtMs;
      if (after < from) return from;
      return from + (Math.floor((after - from) / schedule.everyMs) + 1) * schedule.everyMs;
    }
    case "cron": {
      const shift = stagger(schedule.staggerMs, anchor.id);
      const cron = await pattern(schedule.expr, schedule.tz);
      const next = cron.nextRun(new Date(after - shift))?.getTime();
      return next === undefined ? undefined : next + shift;
    }
  }
}

/** The last time up to `now`: of several that were missed, the one that counts. */
export async function lastTime(schedule: CronSchedule, anchor: Anchor, now: number): Promise<number | undefined> {
  switch (schedule.kind) {
    case "at":
      return Math.min(atTime(schedule.at), now);
    case "every": {
      const from = schedule.anchorMs ?? anchor.createdAtMs;
      return now < from ? undefined : from + Math.floor((now - from) / schedule.everyMs) * schedule.everyMs;
    }
    case "cron": {
      const shift = stagger(schedule.staggerMs, anchor.id);
      const cron = await pattern(schedule.expr, schedule.tz);
      // Times of the same second count or not as the library sees it: two are asked for, from a second later.
      const [last] = cron.previousRuns(2, new Date(now - shift + 1000)).filter((run) => run.getTime() + shift <= now);
      return last === undefined ? undefined : last.getTime() + shift;
    }
  }
}

/** @throws INPUT_INVALID naming what is wrong */
export async function checkSchedule(schedule: CronSchedule): Promise<CronSchedule> {
  switch (schedule.kind) {
    case "at":
      return { ...schedule, at: new Date(atTime(schedule.at)).toISOString() };
    case "every":
      if (schedule.everyMs >= SHORTEST_MS) return schedule;
      throw new BarnacleError("INPUT_INVALID", `schedule.everyMs: expected at least ${SHORTEST_MS}`);
    case "cron":
      await pattern(schedule.expr, schedule.tz);
      return schedule;
  }
}

/** Spreads jobs of one expression over `staggerMs`, each always by the same amount. */
function stagger(staggerMs: number | undefined, id: string): number {
  if (!staggerMs) return 0;
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return hash % staggerMs;
}

async function pattern(expr: string, tz: string | undefined) {
  // Most households have no cron job: the library is loaded with the first.
  const { Cron } = await import("croner");
  try {
    const cron = new Cron(expr, { paused: true, ...(tz === undefined ? {} : { timezone: tz }) });
    // A wrong zone shows only when a time is asked for.
    cron.nextRun(new Date(0));
    return cron;
  } catch (error) {
    const where = tz === undefined ? `"${expr}"` : `"${expr}" in ${tz}`;
    throw new BarnacleError("INPUT_INVALID", `schedule.expr: ${where.slice(0, 120)}: ${messageOf(error)}`);
  }
}
