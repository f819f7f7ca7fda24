import type { BoardTelemetry } from "@barnacle/protocol/schema";
import type { DeviceRecord, RouteRequest, Urgency, Wanted } from "../services.ts";
import { lack } from "./offer.ts";

/** Beats everything else together: nobody wants the answer in another room because its board is cooler. */
export const SAME_ROOM = 100;
/** Telemetry older than this means that the node may be gone; five of its intervals. */
export const STALE_MS = 60_000;

const HOT_C = 70;
const PREFERRED = 5;
const MOST_PREFERRED = 15;

/** What can speak for or against a node, in words. */
const TEXTS = {
  room: () => "same room",
  preferred: (names: unknown) => `offers ${names}`,
  load: (percent: unknown) => `load ${Math.round(Number(percent))} %`,
  hot: (celsius: unknown) => `${Math.round(Number(celsius))} °C`,
  throttled: (reasons: unknown) => `throttled (${(reasons as readonly string[]).join(", ") || "unnamed"})`,
  memory: () => "little memory left",
  slow: (ms: unknown) => `answers ${Math.round(Number(ms))} ms late`,
  signal: (dbm: unknown) => `Wi-Fi ${Math.round(Number(dbm))} dBm`,
  battery: (percent: unknown) => `battery ${Math.round(Number(percent))} %`,
  untold: () => "no telemetry yet",
  age: (ms: unknown) => `telemetry ${Math.round(Number(ms) / 1000)} s old`,
} as const;

/** Takes what speaks for or against a node, one after the other. */
interface Sink {
  add(points: number, what: keyof typeof TEXTS, value?: unknown): void;
}

/** One for all devices of a choice: a thousand of them are weighed within a millisecond. */
class Sum implements Sink {
  points = 0;

  add(points: number): void {
    this.points += rounded(points);
  }
}

/** How much load, link and news count, and batteries. The room outweighs the sum of it all in either case. */
const WEIGHTS: Readonly<Record<Urgency, { readonly now: number; readonly battery: number }>> = {
  low: { now: 1, battery: 2 },
  normal: { now: 1, battery: 1 },
  high: { now: 2, battery: 1 },
};

/** Age of what is known of a node; a node that just connected is as fresh as its connection. Undefined: it sends none. */
export function telemetryAgeMs(device: DeviceRecord, nowMs: number): number | undefined {
  if (device.telemetryAtMs === undefined) return undefined;
  return Math.max(0, nowMs - Math.max(device.telemetryAtMs, device.connectedAtMs ?? 0));
}

const sum = new Sum();

export function scoreOf(device: DeviceRecord, request: RouteRequest, nowMs: number): number {
  sum.points = 0;
  weigh(device, request, nowMs, sum);
  return rounded(sum.points);
}

/** The same in words: "same room +100; load 20 % −2". */
export function explain(device: DeviceRecord, request: RouteRequest, nowMs: number): string {
  const texts: string[] = [];
  if (request.room !== undefined && !sameRoom(request.room, device.room)) {
    texts.push(device.room ? `in the ${device.room}` : "in no room");
  }
  weigh(device, request, nowMs, {
    add(points, what, value) {
      const weight = rounded(points);
      if (weight !== 0) texts.push(`${TEXTS[what](value)} ${weight > 0 ? "+" : "−"}${Math.abs(weight)}`);
    },
  });
  return texts.join("; ") || "nothing speaks for or against it";
}

/** What speaks for and against `device`, in a fixed order. */
function weigh(device: DeviceRecord, request: RouteRequest, nowMs: number, to: Sink): void {
  const { room, prefers, urgency = "normal" } = request;
  const weights = WEIGHTS[urgency];
  const { now } = weights;
  if (room !== undefined && sameRoom(room, device.room)) to.add(SAME_ROOM, "room");
  if (prefers && prefers.length > 0) weighPreferred(device, prefers, to);
  if (device.telemetry) weighBoard(device.telemetry, weights, to);
  const age = telemetryAgeMs(device, nowMs);
  if (age === undefined) to.add(-2 * now, "untold");
  else to.add((-5 * now * age) / STALE_MS, "age", age);
}

function weighPreferred(device: DeviceRecord, prefers: readonly Wanted[], to: Sink): void {
  let points = 0;
  let names = "";
  for (const wanted of prefers) {
    if (lack(device, wanted) !== undefined) continue;
    points += PREFERRED;
    names = names === "" ? wanted.capability : `${names}, ${wanted.capability}`;
  }
  to.add(Math.min(MOST_PREFERRED, points), "preferred", names);
}

function weighBoard(telemetry: BoardTelemetry, weights: { now: number; battery: number }, to: Sink): void {
  const { cpu, temperatureC, throttled, memory, link, battery, loopDelayMs } = telemetry;
  const load = cpu?.usedPercent;
  if (load !== undefined) to.add((-load / 10) * weights.now, "load", load);
  if (temperatureC !== undefined && temperatureC > HOT_C) {
    to.add(-(Math.min(temperatureC, 100) - HOT_C) / 3, "hot", temperatureC);
  }
  if (throttled?.now) to.add(-10, "throttled", throttled.reasons);
  if (memory && memory.totalBytes > 0 && memory.availableBytes / memory.totalBytes < 0.1) to.add(-5, "memory");
  if (loopDelayMs !== undefined && loopDelayMs > 200) to.add(-Math.min(5, loopDelayMs / 200), "slow", loopDelayMs);
  const signal = link?.kind === "wifi" ? link.signalDbm : undefined;
  if (signal !== undefined && signal < -55) to.add(((Math.max(signal, -95) + 55) / 5) * weights.now, "signal", signal);
  if (battery && !battery.charging)
    to.add(-((100 - battery.percent) / 20 + 1) * weights.battery, "battery", battery.percent);
}

function rounded(points: number): number {
  return Math.round(points * 10) / 10;
}

export function sameRoom(a: string, b: string | undefined): boolean {
  return b !== undefined && (a === b || a.trim().toLowerCase() === b.trim().toLowerCase());
}
