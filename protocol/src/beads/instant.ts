/** A point in time to the nanosecond: milliseconds since 1970, and the nanoseconds within that millisecond. */
export interface Instant {
  readonly ms: number;
  readonly sub: number;
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?([Zz]|[+-]\d\d:?\d\d)$/;

/** RFC 3339 with up to nine digits of fraction and any zone; undefined when it is none. */
export function parseInstant(text: string): Instant | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, day, time, fraction = "", zone = "Z"] = match;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const seconds = Date.parse(`${day}T${time?.length === 5 ? `${time}:00` : time}${offset}`);
  if (Number.isNaN(seconds)) return undefined;
  const nanos = Number(fraction.slice(0, 9).padEnd(9, "0"));
  const whole = Math.floor(nanos / 1_000_000);
  return { ms: seconds + whole, sub: nanos - whole * 1_000_000 };
}

/** Negative when `a` is earlier. */
export function compareInstants(a: Instant, b: Instant): number {
  return a.ms - b.ms || a.sub - b.sub;
}

export function instantText(ms: number): string {
  return new Date(ms).toISOString();
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/**
 * A time as people write it: RFC 3339, `2026-12-24`, `+6h`, `-2d`, `2w`, `today`, `tomorrow`, `yesterday`, `now`, `monday`,
 * `next monday`. Days begin at midnight of the machine's zone.
 * @returns milliseconds since 1970, undefined when it is none of these
 */
export function parseWhen(text: string, now: number): number | undefined {
  const word = text.trim().toLowerCase();
  const exact = parseInstant(text.trim());
  if (exact) return exact.ms;
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  const day = (offset: number) => new Date(midnight).setDate(midnight.getDate() + offset);
  if (word === "now") return now;
  if (word === "today") return day(0);
  if (word === "tomorrow") return day(1);
  if (word === "yesterday") return day(-1);
  const distance = /^([+-]?)(\d+)([smhdw])$/.exec(word);
  if (distance) {
    const length = Number(distance[2]) * (UNITS[distance[3] ?? ""] ?? 0);
    return distance[1] === "-" ? now - length : now + length;
  }
  const weekday = WEEKDAYS.indexOf(word.replace(/^next /, ""));
  if (weekday >= 0) return day((weekday - midnight.getDay() + 7) % 7 || 7);
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(word);
  if (!date) return undefined;
  const local = new Date(Number(date[1]), Number(date[2]) - 1, Number(date[3]));
  return local.getDate() === Number(date[3]) ? local.getTime() : undefined;
}

/** `90s`, `10m`, `2h`, `1d`, in milliseconds; undefined when it is none. */
export function parseLength(text: string): number | undefined {
  const match = /^(\d+)([smhdw])$/.exec(text.trim().toLowerCase());
  return match ? Number(match[1]) * (UNITS[match[2] ?? ""] ?? 0) : undefined;
}
