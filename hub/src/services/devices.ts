import type { NodeState } from "@barnacle/protocol/mqtt";
import type { PairAnswer, PairChallenge, PairRequest } from "@barnacle/protocol/pairing";
import type { Events } from "@barnacle/protocol/runtime";
import type { BoardTelemetry, CapabilityManifest } from "@barnacle/protocol/schema";
import type { Principal } from "./principal.ts";

export interface DeviceToken {
  readonly role: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  readonly rotatedAtMs?: number;
  readonly revokedAtMs?: number;
  readonly lastUsedAtMs?: number;
}

/** Anything paired, or once paired. Telemetry and manifest are the last ones received. */
export interface DeviceRecord {
  readonly deviceId: string;
  readonly publicKey: string;
  /** Given by the operator (rename), else by the device. */
  readonly displayName: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly tokens: readonly DeviceToken[];
  readonly room?: string;
  readonly platform?: string;
  readonly deviceFamily?: string;
  readonly clientId?: string;
  readonly clientMode?: string;
  readonly remoteIp?: string;
  readonly blocked: boolean;
  readonly createdAtMs: number;
  readonly approvedAtMs: number;
  /** How it was approved: an operator's id, `setup-code`, or `local`. */
  readonly approvedBy: string;
  readonly lastSeenMs?: number;
  readonly online: boolean;
  /** `mqtt` for our nodes, `websocket` for native gateway clients. */
  readonly transport?: "mqtt" | "websocket";
  readonly connectedAtMs?: number;
  readonly incarnation?: number;
  readonly manifest?: CapabilityManifest;
  /** Commands that the device came to offer after its approval; unusable until an operator approves them. */
  readonly unapprovedCommands?: readonly string[];
  readonly telemetry?: BoardTelemetry;
  readonly telemetryAtMs?: number;
}

/** What an operator is asked to approve about a device that he may know already. */
export type PairingReason = "not-paired" | "role-upgrade" | "scope-upgrade" | "metadata-upgrade";

export interface PendingPairing {
  readonly requestId: string;
  readonly reason: PairingReason;
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName?: string;
  readonly platform?: string;
  readonly deviceFamily?: string;
  readonly clientId?: string;
  readonly clientMode?: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly room?: string;
  readonly remoteIp?: string;
  readonly capabilities: readonly string[];
  readonly commands: readonly string[];
  readonly silent: boolean;
  readonly isRepair: boolean;
  readonly ts: number;
  readonly expiresAtMs: number;
}

export interface DeviceEvents {
  /** Once per change of connection. */
  presence: { readonly device: DeviceRecord; readonly online: boolean; readonly reason?: string };
  /** Manifest, name, room, block state or tokens changed. */
  changed: { readonly device: DeviceRecord };
  removed: { readonly deviceId: string };
  /** A live connection of this device must be closed now. */
  revoked: { readonly deviceId: string; readonly role?: string; readonly reason: string };
  pairRequested: { readonly request: PendingPairing };
  pairResolved: {
    readonly requestId: string;
    readonly deviceId: string;
    readonly decision: "approved" | "rejected";
    readonly ts: number;
  };
}

export interface GatewayPairing {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly displayName?: string;
  readonly platform?: string;
  readonly deviceFamily?: string;
  readonly clientId?: string;
  readonly clientMode?: string;
  readonly remoteIp?: string;
  readonly caps?: readonly string[];
  readonly commands?: readonly string[];
  /** Approved at once: a client of this machine that holds the shared secret. */
  readonly silent: boolean;
}

/** One registry for every transport. Reads are from memory; writes resolve after they are on disk. */
export interface Devices {
  readonly events: Events<DeviceEvents>;
  list(): readonly DeviceRecord[];
  get(deviceId: string): DeviceRecord | undefined;
  /** By id, unique id prefix (≥ 6), or display name. @throws DEVICE_UNKNOWN, CONFLICT when several match */
  find(reference: string): DeviceRecord;
  pending(): readonly PendingPairing[];

  /** MQTT nodes: HTTP challenge and request. @throws PROOF_INVALID, PAIRING_CODE_WRONG, PAIRING_LOCKED, DEVICE_BLOCKED */
  challenge(deviceId: string): Promise<PairChallenge>;
  pair(request: PairRequest, remoteIp: string): Promise<PairAnswer>;
  /** A new single-use code; shown once, stored hashed. */
  createSetupCode(options: {
    ttlMs?: number;
    room?: string;
    by: Principal;
  }): Promise<{ code: string; expiresAtMs: number }>;

  /** Gateway clients: paired already with this role and these scopes, or a pending request (the same one on repeats). */
  pairGateway(
    pairing: GatewayPairing,
  ): Promise<{ status: "paired"; device: DeviceRecord } | { status: "pending"; request: PendingPairing }>;
  approve(requestId: string, by: Principal): Promise<DeviceRecord>;
  reject(requestId: string, by: Principal): Promise<PendingPairing>;

  /**
   * Gateway device tokens: 32 hex, stored as SHA-256. Undefined when a live token covers `scopes` already: the client has
   * it, and a stored hash cannot be shown again. A revoked one is replaced. @throws NOT_PAIRED
   */
  ensureToken(
    deviceId: string,
    role: string,
    scopes: readonly string[],
  ): Promise<{ token: string; entry: DeviceToken } | undefined>;
  /** True when `token` is live for (device, role). Compared in constant time. */
  verifyToken(deviceId: string, role: string, token: string): boolean;
  rotateToken(
    deviceId: string,
    role: string,
    scopes: readonly string[] | undefined,
    by?: Principal,
  ): Promise<{ token: string; entry: DeviceToken }>;
  revokeToken(deviceId: string, role: string, by?: Principal): Promise<DeviceToken>;

  /** Each is audited; `by` is the hub itself when absent. A blocked device is not removed, or its key could pair again. */
  rename(deviceId: string, displayName: string, by?: Principal): Promise<DeviceRecord>;
  setRoom(deviceId: string, room: string | undefined, by?: Principal): Promise<DeviceRecord>;
  block(deviceId: string, by?: Principal): Promise<DeviceRecord>;
  unblock(deviceId: string, by?: Principal): Promise<DeviceRecord>;
  remove(deviceId: string, by?: Principal): Promise<void>;

  /** MQTT CONNECT: proves possession, admits only a growing incarnation. @throws NOT_PAIRED, DEVICE_BLOCKED, PROOF_INVALID */
  admit(deviceId: string, password: string, remoteIp: string): Promise<DeviceRecord>;
  /** Birth, farewell or will. A state of an older incarnation is ignored. */
  setState(deviceId: string, state: NodeState, transport: "mqtt" | "websocket"): Promise<void>;
  /** The transport lost the connection of this incarnation. */
  disconnected(deviceId: string, incarnation: number | undefined, reason: string): Promise<void>;
  setManifest(deviceId: string, manifest: CapabilityManifest): Promise<void>;
  setTelemetry(deviceId: string, telemetry: BoardTelemetry): void;
  /** Any other sign of life of a connected device; silence of 45 s makes an MQTT node offline. */
  touch(deviceId: string): void;
}
