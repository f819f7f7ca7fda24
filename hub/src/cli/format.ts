/** "4 s", "3 min", "2 h", "5 d": one unit, for reading at a glance. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** "4 s ago", or "never". */
export function ago(atMs: number | undefined, nowMs: number): string {
  return atMs === undefined ? "never" : `${duration(nowMs - atMs)} ago`;
}

/** Enough of an id to be unique in one house; commands take it as it is. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** Local time, seconds exact: `2026-01-31 18:04:09`. */
export function timestamp(ms: number): string {
  const date = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`;
}

export function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
