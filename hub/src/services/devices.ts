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

/** The token that one of our own nodes connects with over MQTT. */
export interface LinkTokenState {
  readonly state: "unused" | "used" | "revoked";
  /** Since when the one in use is. */
  readonly sinceMs?: number;
  /** A new one is told when the node is there; the old one is good until the new one has been used. */
  readonly rotationWantedAtMs?: number;
  readonly revokedAtMs?: number;
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
  /** Commands that the device offers and no operator has approved; unusable until one does. */
  readonly unapprovedCommands?: readonly string[];
  /** Of a node: whether all, some or none of what it offers is approved. */
  readonly approvalState?: "approved" | "pending-approval" | "pending-reapproval";
  readonly telemetry?: BoardTelemetry;
  readonly telemetryAtMs?: number;
  readonly linkToken?: LinkTokenState;
}

/** What an operator is asked to approve about a device that he may know already. */
export type PairingReason = "not-paired" | "role-upgrade" | "scope-upgrade" | "metadata-upgrade";

export interface PendingPairing {
  readonly requestId: string;
  /** `device`: may it connect in this role? `surface`: may these commands of a paired node be used? */
  readonly kind: "device" | "surface";
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
  /** Approving the device approves its commands too. */
  readonly withCommands: boolean;
  readonly silent: boolean;
  readonly isRepair: boolean;
  readonly ts: number;
  /** Five minutes after it was last asked for; a surface waits until somebody decides. */
  readonly expiresAtMs?: number;
}

export interface DeviceEvents {
  /** Once per change of connection. */
  presence: { readonly device: DeviceRecord; readonly online: boolean; readonly reason?: string };
  /** Manifest, name, room, block state or tokens changed. */
  changed: { readonly device: DeviceRecord };
  removed: { readonly deviceId: string };
  /** A node that is there is to be told a new token: ask `linkTokenDue`. */
  linkTokenWanted: { readonly deviceId: string };
  /** A live connection of this device must be closed now. */
  revoked: { readonly deviceId: string; readonly role?: string; readonly reason: string };
  pairRequested: { readonly request: PendingPairing };
  pairResolved: {
    readonly requestId: string;
    readonly kind: PendingPairing["kind"];
    readonly role: string;
    readonly deviceId: string;
    readonly decision: "approved" | "rejected";
    readonly ts: number;
  };
  /** A device came in by a setup code for gateway clients. */
  setupCompleted: SetupCompletion;
}

/**
 * What a setup code for gateway clients is good for. `full` and `limited`: a phone app, node and operator, with and without
 * admin. `node`: a headless node host. `voice-node`: an ESP32 room node, which also reads and talks as an operator.
 */
export type SetupProfile = "full" | "limited" | "node" | "voice-node";

export interface DeviceSetup {
  readonly setupId: string;
  readonly profile: SetupProfile;
  readonly expiresAtMs: number;
}

export interface SetupCompletion {
  readonly setupId: string;
  readonly profile: SetupProfile;
  readonly deviceId: string;
  readonly deviceName?: string;
  readonly ts: number;
}

/** A role with its scopes, that a setup code gives. */
export interface SetupGrant {
  readonly role: string;
  readonly scopes: readonly string[];
}

/** What lets one node in, once. */
export interface NodeSetupCode {
  /** To be typed: the secret, and the beginning of the authority's fingerprint if nodes elsewhere can connect. */
  readonly code: string;
  readonly secret: string;
  readonly authority?: string;
  readonly expiresAtMs: number;
}

export interface IssuedDeviceToken {
  readonly token: string;
  readonly entry: DeviceToken;
}

/** Setup codes for gateway clients: single use, ten minutes, kept as a hash. */
export interface DeviceSetups {
  create(options: { profile: SetupProfile; by: Principal }): Promise<DeviceSetup & { readonly bootstrapToken: string }>;
  /** Undefined for a token that is wrong, expired, or was used by another device: the same one may have lost the answer. */
  check(bootstrapToken: string, deviceId: string): DeviceSetup | undefined;
  /** Who came in by it; undefined while nobody has. */
  completion(setupId: string): SetupCompletion | undefined;
  /**
   * Uses the code up. With `grants` the device is paired in these roles, without the device must be paired already.
   * @returns a new token for each role @throws PAIRING_CODE_WRONG when it is spent by now, DEVICE_BLOCKED
   */
  redeem(
    bootstrapToken: string,
    pairing: GatewayPairing,
    grants: readonly SetupGrant[],
  ): Promise<{ device: DeviceRecord; tokens: readonly IssuedDeviceToken[] }>;
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
  /** See `PendingPairing`; absent: it does not. */
  readonly withCommands?: boolean;
  /** Approved at once: a client of this machine that holds the shared secret. */
  readonly silent: boolean;
}

export interface ResolvedPairing {
  readonly request: PendingPairing;
  readonly decision: "approved" | "rejected";
}

/** One registry for every transport. Reads are from memory; writes resolve after they are on disk. */
export interface Devices {
  readonly events: Events<DeviceEvents>;
  readonly setups: DeviceSetups;
  list(): readonly DeviceRecord[];
  get(deviceId: string): DeviceRecord | undefined;
  /** By id, unique id prefix (≥ 6), or display name. @throws DEVICE_UNKNOWN, CONFLICT when several match */
  find(reference: string): DeviceRecord;
  pending(): readonly PendingPairing[];
  /** What an operator decided within the last five minutes, since the start of the hub. */
  resolved(requestId: string): ResolvedPairing | undefined;

  /** MQTT nodes: HTTP challenge and request. @throws PROOF_INVALID, PAIRING_CODE_WRONG, PAIRING_LOCKED, DEVICE_BLOCKED */
  challenge(deviceId: string): Promise<PairChallenge>;
  pair(request: PairRequest, remoteIp: string): Promise<PairAnswer>;
  /** A new single-use code; shown once, stored hashed. */
  createSetupCode(options: { ttlMs?: number; room?: string; by: Principal }): Promise<NodeSetupCode>;

  /** Gateway clients: paired already with this role and these scopes, or a pending request (the same one on repeats). */
  pairGateway(
    pairing: GatewayPairing,
  ): Promise<{ status: "paired"; device: DeviceRecord } | { status: "pending"; request: PendingPairing }>;
  /** A paired device asks for more scopes, over a connection that it has already. @throws NOT_PAIRED */
  requestScopes(deviceId: string, role: string, scopes: readonly string[]): Promise<PendingPairing>;
  approve(requestId: string, by: Principal): Promise<DeviceRecord>;
  reject(requestId: string, by: Principal): Promise<PendingPairing>;

  /**
   * Gateway device tokens: 32 hex, stored as SHA-256. Undefined when a live token covers `scopes` already: the client has
   * it, and a stored hash cannot be shown again. A revoked one is replaced. @throws NOT_PAIRED
   */
  ensureToken(deviceId: string, role: string, scopes: readonly string[]): Promise<IssuedDeviceToken | undefined>;
  /** True when `token` is live for (device, role). Compared in constant time. */
  verifyToken(deviceId: string, role: string, token: string): boolean;
  rotateToken(
    deviceId: string,
    role: string,
    scopes: readonly string[] | undefined,
    by?: Principal,
  ): Promise<IssuedDeviceToken>;
  revokeToken(deviceId: string, role: string, by?: Principal): Promise<DeviceToken>;

  /** One of our own nodes is to have a new token: told at once or when it comes. @throws DEVICE_UNKNOWN, CONFLICT */
  rotateLink(deviceId: string, by?: Principal): Promise<DeviceRecord>;
  /** Its token ends, and so does its connection; to come back it has to be let in anew. @throws as `rotateLink` */
  revokeLink(deviceId: string, by?: Principal): Promise<DeviceRecord>;
  /** The new token that a node which has just come is to be told. */
  linkTokenDue(deviceId: string): string | undefined;

  /** Each is audited; `by` is the hub itself when absent. A blocked device is not removed, or its key could pair again. */
  rename(deviceId: string, displayName: string, by?: Principal): Promise<DeviceRecord>;
  setRoom(deviceId: string, room: string | undefined, by?: Principal): Promise<DeviceRecord>;
  block(deviceId: string, by?: Principal): Promise<DeviceRecord>;
  unblock(deviceId: string, by?: Principal): Promise<DeviceRecord>;
  remove(deviceId: string, by?: Principal): Promise<void>;
  /** Takes one role from it; a device without any is removed. @throws DEVICE_UNKNOWN when it has not that role */
  removeRole(deviceId: string, role: string, by?: Principal): Promise<void>;

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
