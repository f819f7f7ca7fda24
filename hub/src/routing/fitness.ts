import type { DeviceRecord, RouteRequest } from "../services.ts";

/** A node whose last word about itself is older than this is not trusted with a request. */
export const DEAD_TELEMETRY_MS = 120_000;

/** Why a device can't take the request now, or undefined when it can. */
export function unfit(device: DeviceRecord, request: RouteRequest, now: number): string | undefined {
  const { capability } = request;
  if (request.deviceId !== undefined && request.deviceId !== device.deviceId) return "another device was asked for";
  if (!device.roles.includes("node")) return "it is no node";
  if (device.blocked) return "it is blocked";
  if (!device.online) return "it is offline";
  const { manifest } = device;
  if (!manifest) return "it has not said yet what it can do";
  const declared = manifest.capabilities.find((one) => one.name === capability);
  const command = manifest.commands.some((one) => one.name === capability);
  if (declared && !declared.available)
    return `its ${capability} is not available: ${declared.reason ?? "no reason given"}`;
  if (!declared && !command) return `it does not offer ${capability}`;
  if (device.unapprovedCommands?.includes(capability)) return `its ${capability} has not been approved yet`;
  const age = telemetryAge(device, now);
  if (age !== undefined && age > DEAD_TELEMETRY_MS) return `its last telemetry is ${Math.round(age / 1000)} s old`;
  return undefined;
}

/** Milliseconds since the device last reported its health; undefined for one that never did (native gateway nodes). */
export function telemetryAge(device: DeviceRecord, now: number): number | undefined {
  return device.telemetryAtMs === undefined ? undefined : Math.max(0, now - device.telemetryAtMs);
}
