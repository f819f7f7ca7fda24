import { BarnacleError } from "@barnacle/protocol/errors";

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SHORTEST_MS = 10_000;

/** `90s`, `30m`, `2h`, `1h30m` in milliseconds; null when it is nothing. @throws CONFIG_INVALID */
export function intervalMs(text: string): number | null {
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  const whole = parts.map(([part]) => part).join("");
  if (parts.length === 0 || whole !== text.replace(/\s+/g, "")) {
    throw new BarnacleError("CONFIG_INVALID", `heartbeat.every: "${text}" is no duration; expected one like 30m`);
  }
  const ms = parts.reduce((sum, [, count, unit = "m"]) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
  return ms === 0 ? null : Math.max(ms, SHORTEST_MS);
}
