import type { Log } from "@barnacle/protocol/runtime";
import { type DestinationStream, type LevelWithSilent, pino } from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const satisfies readonly LevelWithSilent[];
export type LogLevel = (typeof LOG_LEVELS)[number];

const NAMES: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };
const HIDDEN = new Set(["level", "time", "pid", "hostname", "msg"]);

/** JSON lines on standard error; for a person at a terminal, one short line each. */
export function makeLog(level: LogLevel, stream: NodeJS.WriteStream & { readonly fd: number }): Log {
  const out: DestinationStream = stream.isTTY
    ? { write: (line) => void stream.write(shortLine(line)) }
    : pino.destination({ dest: stream.fd, sync: true });
  return pino({ level, base: undefined }, out);
}

/** A JSON log line as `12:34:56 warn  text  key=value`. */
export function shortLine(line: string): string {
  const record = JSON.parse(line) as Record<string, unknown> & { level: number; time: number; msg?: string };
  const time = new Date(record.time).toISOString().slice(11, 19);
  const rest = Object.entries(record)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const fields = rest.length === 0 ? "" : `  ${rest.join(" ")}`;
  return `${time} ${(NAMES[record.level] ?? "?").padEnd(5)} ${record.msg ?? ""}${fields}\n`;
}
