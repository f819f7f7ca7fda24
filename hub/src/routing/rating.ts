import type { DeviceRecord, RouteRequest } from "../services.ts";
import { telemetryAge } from "./fitness.ts";

/** The room outweighs everything else together: the light in another room is the wrong light, however idle its node. */
const ROOM = 100;
const FRESH_MS = 30_000;
const STALE = 15;
const LOAD = 20;
const THROTTLED = 15;
const HOT_C = 75;
const HOT = 10;
const WEAK_DBM = -75;
const WEAK = 10;

/** How well a device that can take the request suits it, and in words why. */
export function rate(device: DeviceRecord, request: RouteRequest, now: number): { score: number; why: string } {
  const points: [number, string][] = [];
  const room = device.room ?? device.manifest?.room;
  if (request.room !== undefined) {
    if (room !== undefined && same(room, request.room)) points.push([ROOM, "same room"]);
    else points.push([0, room === undefined ? "in no room" : `in the ${room}`]);
  }
  const { telemetry } = device;
  const age = telemetryAge(device, now);
  if (age !== undefined && age > FRESH_MS) points.push([-STALE, `telemetry ${Math.round(age / 1000)} s old`]);
  const load = telemetry?.cpu?.load1 === undefined ? undefined : telemetry.cpu.load1 / (telemetry.cpu.cores ?? 1);
  if (load !== undefined) points.push([-Math.round(Math.min(load, 1) * LOAD), `load ${load.toFixed(2)}`]);
  if (telemetry?.throttled?.now) points.push([-THROTTLED, "throttled"]);
  const { temperatureC } = telemetry ?? {};
  if (temperatureC !== undefined && temperatureC > HOT_C) points.push([-HOT, `${Math.round(temperatureC)} °C`]);
  const signal = telemetry?.link?.signalDbm;
  if (signal !== undefined && signal < WEAK_DBM) points.push([-WEAK, `signal ${signal} dBm`]);
  const score = points.reduce((sum, [value]) => sum + value, 0);
  const words = points.map(([value, text]) =>
    value === 0 ? text : `${text} ${value > 0 ? "+" : "−"}${Math.abs(value)}`,
  );
  return { score, why: words.length === 0 ? "nothing speaks against it" : words.join("; ") };
}

function same(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}
