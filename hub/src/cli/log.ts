import type { Log } from "@barnacle/protocol/runtime";
import pico from "picocolors";
import { pino } from "pino";
import type { Io } from "./io.ts";
import { oneLine } from "./table.ts";

const PAINT = { 20: pico.dim, 30: pico.green, 40: pico.yellow, 50: pico.red } as const;
const NAMES = { 20: "debug", 30: "info", 40: "warn", 50: "error" } as const;
const OWN = new Set(["level", "time", "pid", "hostname", "msg"]);

/** The hub's log on standard error: JSON lines for journald and programs, one readable line each on a terminal. */
export function hubLog(level: string, io: Io): Log {
  const options = { level, base: undefined };
  if (!io.stderr.isTTY) return pino(options, { write: (line) => io.stderr.write(line) });
  return pino(options, { write: (line) => io.stderr.write(`${readable(line)}\n`) });
}

function readable(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown> & { level: keyof typeof NAMES; time: number; msg: string };
  const time = new Date(entry.time).toTimeString().slice(0, 8);
  const fields = Object.entries(entry)
    .filter(([key]) => !OWN.has(key))
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const paint = PAINT[entry.level] ?? pico.white;
  return `${pico.dim(time)} ${paint((NAMES[entry.level] ?? "fatal").padEnd(5))} ${oneLine(entry.msg)} ${pico.dim(oneLine(fields.join(" ")))}`;
}
