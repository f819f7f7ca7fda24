import { BarnacleError } from "@barnacle/protocol/errors";
import type { DeviceRecord } from "../services.ts";

const SHORTEST_PREFIX = 6;

/** The device meant by an id, a unique beginning of one (six characters or more) or a display name, in this order. */
export function findDevice(devices: readonly DeviceRecord[], reference: string): DeviceRecord {
  const wanted = reference.trim().toLowerCase();
  const byId = devices.find((device) => device.deviceId === wanted);
  if (byId) return byId;
  const named = devices.filter((device) => device.displayName.toLowerCase() === wanted);
  const matches =
    named.length > 0 || wanted.length < SHORTEST_PREFIX
      ? named
      : devices.filter((device) => device.deviceId.startsWith(wanted));
  const [first, ...others] = matches;
  if (!first) {
    throw new BarnacleError("DEVICE_UNKNOWN", `no device is called "${reference}" and no id begins so`, {
      details: { reference },
    });
  }
  if (others.length > 0) {
    const list = matches.map((device) => `${device.displayName} (${device.deviceId.slice(0, 12)})`).join(", ");
    throw new BarnacleError("CONFLICT", `"${reference}" could be any of ${list}`, {
      hint: "Use the id instead.",
      details: { deviceIds: matches.map((device) => device.deviceId) },
    });
  }
  return first;
}
