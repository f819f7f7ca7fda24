import { coversScopes } from "@barnacle/protocol/gateway";
import type { PairRequest } from "@barnacle/protocol/pairing";
import type { GatewayPairing, PairingReason, PendingPairing, Principal } from "../services.ts";
import type { Entry } from "./entry.ts";
import type { Ask } from "./requests.ts";
import type { DeviceRow } from "./row.ts";

/** What a gateway client asks. */
export function clientAsk(pairing: GatewayPairing, reason: PairingReason, isRepair: boolean): Ask {
  const { caps = [], commands = [], withCommands = false, ...rest } = pairing;
  return { ...rest, kind: "device", reason, capabilities: caps, commands, withCommands, isRepair };
}

/** What a paired device asks that wants more scopes. */
export function scopesAsk(row: DeviceRow, displayName: string, role: string, scopes: readonly string[]): Ask {
  const { deviceId, publicKey, platform, deviceFamily, clientId, clientMode, remoteIp } = row;
  return {
    ...{ kind: "device", reason: "scope-upgrade", deviceId, publicKey, role, scopes, displayName },
    ...{ platform, deviceFamily, clientId, clientMode, remoteIp },
    ...{ capabilities: [], commands: [], withCommands: false, silent: false, isRepair: true },
  };
}

/** What a paired node asks that offers more than was approved; undefined when it does not. */
export function surfaceAsk({ row, record }: Entry): Ask | undefined {
  const { manifest, deviceId, publicKey, clientId, clientMode, remoteIp } = row;
  if (!manifest || !record.unapprovedCommands) return undefined;
  const { platform, deviceFamily } = manifest;
  return {
    ...{ kind: "surface", reason: "not-paired", role: "node", scopes: [], deviceId, publicKey },
    ...{ displayName: record.displayName, room: record.room },
    ...{ platform, deviceFamily, clientId, clientMode, remoteIp },
    capabilities: manifest.capabilities.map((capability) => capability.name),
    commands: manifest.commands.map((command) => command.name),
    ...{ withCommands: true, silent: false, isRepair: (row.approvedCommands?.length ?? 0) > 0 },
  };
}

/** What one of our own nodes asks. */
export function askOf(request: PairRequest, remoteIp: string, known: Entry | undefined): Ask {
  return {
    kind: "device",
    withCommands: true,
    reason: known === undefined ? "not-paired" : "role-upgrade",
    deviceId: request.device.id,
    publicKey: request.device.publicKey,
    displayName: request.name,
    platform: request.platform,
    role: "node",
    scopes: [],
    room: request.room,
    remoteIp,
    capabilities: request.capabilities,
    commands: request.commands,
    silent: false,
    isRepair: known !== undefined,
  };
}

/** What is not approved yet of what a gateway client asks for; undefined when all is. */
export function missing(row: DeviceRow | undefined, asked: GatewayPairing): PairingReason | undefined {
  if (!row) return "not-paired";
  if (!row.roles.includes(asked.role)) return "role-upgrade";
  if (!coversScopes(row.scopes, asked.scopes)) return "scope-upgrade";
  const same = sameKind(row.platform, asked.platform) && sameKind(row.deviceFamily, asked.deviceFamily);
  return same ? undefined : "metadata-upgrade";
}

/** `macOS 15.1` after `macOS 15.0` is an update, `android` after `macOS` another machine with the same key. */
function sameKind(known: string | undefined, told: string | undefined): boolean {
  const kind = (text = "") =>
    text
      .trim()
      .toLowerCase()
      .split(/[^a-z]/)[0] ?? "";
  return kind(known) === "" || kind(told) === "" || kind(known) === kind(told);
}

/** For the audit trail. */
export function recordOf(request: PendingPairing, principal: Principal, action: string) {
  const { kind, deviceId, role, scopes, commands, remoteIp, displayName, isRepair } = request;
  return {
    kind: "pairing" as const,
    principal,
    subject: deviceId,
    data: { action, of: kind, role, scopes, commands, remoteIp, displayName, isRepair },
  };
}
