const HOUR_MS = 3_600_000;

export interface Scored {
  readonly id: string;
  /** 0 to 4; anything else counts as 4. */
  readonly priority: number;
  readonly retries: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Of the convoy that tracks the work. */
  readonly convoyCreatedAt?: number | undefined;
}

/**
 * How soon a request is merged; the highest first. A convoy's age counts most, then priority, then the request's own age;
 * what came back sinks, by at most 300. Ages are in hours and fractions of them, never below 0.
 */
export function scoreOf({ priority, retries, createdAt, convoyCreatedAt }: Scored, now: number): number {
  const hours = (from: number | undefined) => (from === undefined ? 0 : Math.max(0, now - from) / HOUR_MS);
  const known = Number.isInteger(priority) && priority >= 0 && priority <= 4 ? priority : 4;
  return 1000 + 10 * hours(convoyCreatedAt) + 100 * (4 - known) - Math.min(50 * retries, 300) + hours(createdAt);
}

/** The next to be merged first; equals by age, then by id. */
export function byScore(now: number): (a: Scored, b: Scored) => number {
  return (a, b) => scoreOf(b, now) - scoreOf(a, now) || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
