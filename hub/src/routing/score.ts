import type { BoardTelemetry } from "@barnacle/protocol/schema";
import type { DeviceRecord } from "../services.ts";

/** One thing that speaks for or against a node, with its weight. */
export interface Reason {
  readonly points: number;
  readonly text: string;
}

/** Beats everything else together: nobody wants the answer in another room because its board is cooler. */
export const SAME_ROOM = 100;
/** Telemetry older than this means that the node may be gone; five of its intervals. */
export const STALE_MS = 60_000;

const HOT_C = 70;

/** Age of what is known of a node; a node that just connected is as fresh as its connection. Undefined: it sends none. */
export function telemetryAgeMs(device: DeviceRecord, nowMs: number): number | undefined {
  if (device.telemetryAtMs === undefined) return undefined;
  return Math.max(0, nowMs - Math.max(device.telemetryAtMs, device.connectedAtMs ?? 0));
}

/** What speaks for and against `device`, in a fixed order. */
export function reasonsFor(device: DeviceRecord, room: string | undefined, nowMs: number): readonly Reason[] {
  const reasons: Reason[] = [];
  const add = (points: number, text: string) => {
    const rounded = Math.round(points * 10) / 10;
    if (rounded !== 0) reasons.push({ points: rounded, text });
  };
  if (room !== undefined && sameRoom(room, device.room)) add(SAME_ROOM, "same room");
  else if (room !== undefined) reasons.push({ points: 0, text: device.room ? `in the ${device.room}` : "in no room" });
  const { telemetry } = device;
  if (telemetry) boardReasons(telemetry, add);
  const age = telemetryAgeMs(device, nowMs);
  if (age === undefined) add(-2, "no telemetry yet");
  else add((-5 * age) / STALE_MS, `telemetry ${Math.round(age / 1000)} s old`);
  return reasons;
}

function boardReasons(telemetry: BoardTelemetry, add: (points: number, text: string) => void): void {
  const { cpu, temperatureC, throttled, memory, link } = telemetry;
  const load = cpu?.usedPercent;
  if (load !== undefined) add(-load / 10, `load ${Math.round(load)} %`);
  if (temperatureC !== undefined && temperatureC > HOT_C) {
    add(-(Math.min(temperatureC, 100) - HOT_C) / 3, `${Math.round(temperatureC)} °C`);
  }
  if (throttled?.now) add(-10, `throttled (${throttled.reasons.join(", ") || "unnamed"})`);
  if (memory && memory.totalBytes > 0 && memory.availableBytes / memory.totalBytes < 0.1) add(-5, "little memory left");
  const signal = link?.kind === "wifi" ? link.signalDbm : undefined;
  if (signal !== undefined && signal < -55) add((Math.max(signal, -95) + 55) / 5, `Wi-Fi ${Math.round(signal)} dBm`);
}

export function sameRoom(a: string, b: string | undefined): boolean {
  return b !== undefined && a.trim().toLowerCase() === b.trim().toLowerCase();
}
