import type { DeviceRecord, RouteRequest } from "../services.ts";
import { STALE_MS, telemetryAgeMs } from "./score.ts";

/** Why `device` cannot take `request` now; undefined when it can. */
export function refusal(device: DeviceRecord, request: RouteRequest, nowMs: number): string | undefined {
  if (request.deviceId !== undefined && device.deviceId !== request.deviceId) return "another device was asked for";
  if (!device.roles.includes("node")) return "not a node";
  if (device.blocked) return "blocked";
  if (!device.online) return "offline";
  const missing = lack(device, request.capability);
  if (missing) return missing;
  const age = telemetryAgeMs(device, nowMs);
  if (age !== undefined && age > STALE_MS) return `telemetry is ${Math.round(age / 1000)} s old`;
  return undefined;
}

/** A capability that is listed as unavailable outweighs a command of the same name. */
function lack(device: DeviceRecord, wanted: string): string | undefined {
  const { manifest } = device;
  if (!manifest) return "has not said what it offers";
  const capability = manifest.capabilities.find((candidate) => candidate.name === wanted);
  if (capability && !capability.available) return `${wanted} is unavailable: ${capability.reason ?? "no reason given"}`;
  if (device.unapprovedCommands?.includes(wanted)) return `${wanted} awaits an operator's approval`;
  if (capability || manifest.commands.some((command) => command.name === wanted)) return undefined;
  return `does not offer ${wanted}`;
}
