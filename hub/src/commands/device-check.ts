import { BarnacleError } from "@barnacle/protocol/errors";
import type { CommandSpec } from "@barnacle/protocol/schema";
import type { DeviceLink, DeviceRecord } from "../services.ts";
import { nearest } from "./nearest.ts";

/** A device that can take a command now: how it is reached and what it says about the command. */
export interface Reachable {
  readonly link: DeviceLink;
  readonly spec: CommandSpec;
}

/** @returns the way to the device, or the error that names why there is none */
export function reach(
  device: DeviceRecord | undefined,
  deviceId: string,
  command: string,
  links: readonly DeviceLink[],
): Reachable | BarnacleError {
  const details = { deviceId, command };
  if (!device) return new BarnacleError("DEVICE_UNKNOWN", `no device has the id ${deviceId}`, { details });
  const name = device.displayName;
  if (device.blocked) return new BarnacleError("DEVICE_BLOCKED", `${name} is blocked`, { details });
  const link = links.find((candidate) => candidate.isConnected(deviceId));
  if (!link) return new BarnacleError("DEVICE_OFFLINE", `${name} is not connected`, { details });
  const offered = device.manifest?.commands ?? [];
  const spec = offered.find((candidate) => candidate.name === command);
  if (!spec) {
    const names = offered.map((candidate) => candidate.name);
    const near = nearest(command, names);
    const tail = near ? `; did you mean ${near}?` : names.length > 0 ? `, but ${names.join(", ")}` : " nor any other";
    return new BarnacleError("COMMAND_UNKNOWN", `${name} does not offer ${command}${tail}`, { details });
  }
  if (device.unapprovedCommands?.includes(command)) {
    return new BarnacleError("FORBIDDEN", `${name} came to offer ${command} after it was approved`, {
      details,
      hint: "Approve it with `barnacle devices pending` and `barnacle devices approve`.",
    });
  }
  return { link, spec };
}
