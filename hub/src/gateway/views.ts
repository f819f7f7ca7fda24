import {
  type NodeObject,
  type PairedDevice,
  type PendingDevice,
  SCOPES,
  type TokenSummary,
} from "@barnacle/protocol/gateway";
import { isPowerful } from "../devices/index.ts";
import type { Channel, DeviceRecord, NodeFacts, NodeTool, PendingPairing, SetupCompletion } from "../services.ts";
import { SETUP_PROFILES } from "./handshake/setup-profiles.ts";
import type { NodePeer } from "./ws-link.ts";

/** The registry's records in the gateway protocol's shapes. */

export function isNode(device: DeviceRecord): boolean {
  return device.roles.includes("node");
}

/** What is known of a node beyond the registry. */
export type NodeExtras = NodeFacts & {
  readonly pendingRequestId?: string | undefined;
  readonly nodePluginTools?: readonly NodeTool[];
};

export function nodeObject(device: DeviceRecord, peer: NodePeer | undefined, extras: NodeExtras = {}): NodeObject {
  const { manifest } = device;
  const { activity, hostStats, lastSeenReason, pendingRequestId, nodePluginTools = [] } = extras;
  return present({
    nodeId: device.deviceId,
    displayName: device.displayName,
    platform: manifest?.platform ?? device.platform,
    version: manifest?.agentVersion,
    deviceFamily: manifest?.deviceFamily,
    modelIdentifier: manifest?.modelIdentifier,
    remoteIp: device.remoteIp,
    caps: sorted(manifest?.capabilities.filter((cap) => cap.available).map((cap) => cap.name)),
    commands: sorted(usableCommands(device)),
    pathEnv: peer?.pathEnv,
    permissions: peer?.permissions,
    connectedAtMs: device.online ? device.connectedAtMs : undefined,
    paired: true,
    connected: device.online,
    approvalState: device.approvalState ?? "approved",
    pendingDeclaredCommands: device.unapprovedCommands && sorted(device.unapprovedCommands),
    pendingRequestId,
    ...{ clientId: device.clientId, clientMode: device.clientMode, sessionHost: false, nodePluginTools },
    approvedAtMs: device.approvedAtMs,
    lastConnectedAtMs: device.connectedAtMs,
    lastSeenAtMs: device.lastSeenMs,
    lastSeenReason: lastSeenReason ?? (device.lastSeenMs === undefined ? undefined : "connect"),
    lastActiveAtMs: activity?.lastActiveAtMs ?? undefined,
    presenceUpdatedAtMs: activity?.presenceUpdatedAtMs ?? undefined,
    hostStats,
  });
}

function usableCommands(device: DeviceRecord): string[] {
  const waiting = new Set(device.unapprovedCommands);
  return (device.manifest?.commands ?? []).map((command) => command.name).filter((name) => !waiting.has(name));
}

export function pairedDevice(device: DeviceRecord): PairedDevice {
  return present({
    deviceId: device.deviceId,
    publicKey: device.publicKey,
    displayName: device.displayName,
    platform: device.platform,
    clientId: device.clientId,
    clientMode: device.clientMode,
    role: device.roles[0],
    roles: [...device.roles],
    scopes: [...device.scopes],
    remoteIp: device.remoteIp,
    tokens: device.tokens.map(tokenSummary).sort((a, b) => (a.role < b.role ? -1 : 1)),
    createdAtMs: device.createdAtMs,
    approvedAtMs: device.approvedAtMs,
  });
}

function tokenSummary(token: TokenSummary): TokenSummary {
  const { role, scopes, createdAtMs, rotatedAtMs, revokedAtMs, lastUsedAtMs } = token;
  return present({ role, scopes: [...scopes], createdAtMs, rotatedAtMs, revokedAtMs, lastUsedAtMs });
}

export function pendingDevice(request: PendingPairing): PendingDevice {
  const { requestId, deviceId, publicKey, displayName, platform, deviceFamily, clientId, clientMode } = request;
  const { role, scopes, remoteIp, silent, isRepair, ts } = request;
  return present({
    ...{ requestId, deviceId, publicKey, displayName, platform, deviceFamily, clientId, clientMode },
    ...{ role, roles: [role], scopes: [...scopes], remoteIp, silent, isRepair, ts },
  });
}

/** A node's commands are asked about, by themselves or together with the device. */
export function isNodeRequest(request: PendingPairing): boolean {
  return request.kind === "surface" || (request.role === "node" && request.withCommands);
}

export function pendingNode(request: PendingPairing) {
  const { requestId, deviceId, displayName, platform, deviceFamily, clientId, clientMode } = request;
  const { capabilities, commands, remoteIp, silent, isRepair, ts } = request;
  return present({
    ...{ requestId, nodeId: deviceId, displayName, platform, deviceFamily, clientId, clientMode },
    ...{ caps: sorted(capabilities), commands: sorted(commands), remoteIp, silent, isRepair, ts },
    requiredApproveScopes: approveScopes(request),
  });
}

/** What an operator needs to approve it: what it does not hold it cannot give. Source: gateway protocol 4, "pairing". */
export function approveScopes(request: PendingPairing): readonly string[] {
  const commands = isNodeRequest(request) ? request.commands : [];
  const forCommands = commands.some(isPowerful) ? [SCOPES.admin] : commands.length > 0 ? [SCOPES.write] : [];
  return [...new Set([SCOPES.pairing, ...forCommands, ...request.scopes])];
}

export function setupCompletion({ setupId, profile, deviceId, deviceName, ts }: SetupCompletion) {
  return present({ setupId, deviceId, deviceName, access: SETUP_PROFILES[profile].access, ts });
}

export function pairedNode(device: DeviceRecord) {
  const { nodeId, displayName, platform, version, deviceFamily, modelIdentifier, caps, commands, remoteIp } =
    nodeObject(device, undefined);
  return present({
    ...{ nodeId, displayName, platform, version, deviceFamily, modelIdentifier, caps, commands, remoteIp },
    approvalState: device.approvalState,
    pendingDeclaredCommands: device.unapprovedCommands && sorted(device.unapprovedCommands),
    createdAtMs: device.createdAtMs,
    approvedAtMs: device.approvedAtMs,
    lastConnectedAtMs: device.connectedAtMs,
  });
}

function sorted(names: readonly string[] = []): string[] {
  return [...new Set(names)].sort();
}

/** Without members that are undefined, as the wire has it. */
function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

/** One line of what clients show of a channel. */
export function channelSummary(channel: Channel) {
  const accounts = channel.accounts();
  return {
    configured: accounts.length > 0,
    running: accounts.some(({ running }) => running),
    connected: accounts.some(({ connected }) => connected),
    lastError: accounts.find(({ lastError }) => lastError !== undefined)?.lastError ?? null,
  };
}
