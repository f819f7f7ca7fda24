import type { DeviceRecord, DeviceToken } from "../../services.ts";

/** The device's live token for a role, if it has one. */
export function tokenOf(device: DeviceRecord, role: string): DeviceToken | undefined {
  return device.tokens.find((entry) => entry.role === role && entry.revokedAtMs === undefined);
}

export function issuedAt({ rotatedAtMs, createdAtMs }: DeviceToken): number {
  return rotatedAtMs ?? createdAtMs;
}
