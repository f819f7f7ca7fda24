import type { DeviceRecord, RouteRequest } from "../services.ts";
import { lack } from "./offer.ts";
import { STALE_MS, telemetryAgeMs } from "./score.ts";

/** Why `device` cannot take `request` now; undefined when it can. */
export function refusal(device: DeviceRecord, request: RouteRequest, nowMs: number): string | undefined {
  if (request.deviceId !== undefined && device.deviceId !== request.deviceId) return "another device was asked for";
  if (!device.roles.includes("node")) return "not a node";
  if (device.blocked) return "blocked";
  if (!device.online) return "offline";
  const missing = lack(device, request);
  if (missing) return missing;
  for (const wanted of request.requires ?? []) {
    const also = lack(device, wanted);
    if (also) return also;
  }
  const age = telemetryAgeMs(device, nowMs);
  if (age !== undefined && age > STALE_MS) return `telemetry is ${Math.round(age / 1000)} s old`;
  const forbidden = request.forbids?.(device);
  return forbidden === undefined ? undefined : `not permitted: ${forbidden}`;
}
