/**
 * What the hub's parts ask of each other. Each interface is implemented by the folder of the same name; only `hub.ts`
 * knows which class that is.
 */
import type { ErrorShape } from "@barnacle/protocol/errors";
import type { NodeState, NoticeEvent, WakeEvent } from "@barnacle/protocol/mqtt";
import type { PairAnswer, PairChallenge, PairRequest } from "@barnacle/protocol/pairing";
import type { Events } from "@barnacle/protocol/runtime";
import type {
  Appliance,
  ApplianceAction,
  ApplianceKind,
  BoardTelemetry,
  CapabilityManifest,
  CommandRequest,
  CommandResult,
  JsonObject,
  TurnSpan,
  VoiceTurnReply,
  VoiceTurnReport,
  VoiceTurnSpoken,
  WakeDetection,
} from "@barnacle/protocol/schema";

/** Who asks. `voice` is a person heard by a node; its id is the node's. */
export interface Principal {
  readonly kind: "operator" | "node" | "voice" | "system";
  readonly id: string;
  readonly name?: string;
  /** Gateway scopes of an operator. */
  readonly scopes?: readonly string[];
  readonly room?: string;
}

// --- devices -------------------------------------------------------------------------------------------------------

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

export interface PendingPairing {
  readonly requestId: string;
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName?: string;
  readonly platform?: string;
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
  readonly clientId?: string;
  readonly clientMode?: string;
  readonly remoteIp?: string;
  readonly caps?: readonly string[];
  readonly commands?: readonly string[];
  /** Loopback clients are approved at once. */
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
  /** True when `token` is live for (device, role) and covers `scopes`. Compared in constant time. */
  verifyToken(deviceId: string, role: string, scopes: readonly string[], token: string): boolean;
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

// --- links, commands, routing --------------------------------------------------------------------------------------

/** A transport that reaches devices. The commands part sends through whichever link holds the device. */
export interface DeviceLink {
  readonly transport: "mqtt" | "websocket";
  isConnected(deviceId: string): boolean;
  /** Resolves with the device's result. @throws DEVICE_OFFLINE, COMMAND_TIMEOUT */
  send(deviceId: string, request: CommandRequest): Promise<CommandResult>;
  /** Closes the device's connection, at once. */
  kick(deviceId: string, reason: string): void;
}

export interface CommandCall {
  readonly deviceId: string;
  readonly command: string;
  readonly params: JsonObject;
  readonly idempotencyKey: string;
  readonly principal: Principal;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  readonly turnId?: string;
}

export interface CommandOutcome {
  readonly commandId: string;
  readonly deviceId: string;
  readonly command: string;
  readonly payload: JsonObject;
  readonly durationMs: number;
  /** The key was used before; this is the stored outcome. */
  readonly duplicate: boolean;
  readonly decision: Decision;
  /** Time spent deciding and on the wire, for the turn's spans. */
  readonly policyMs: number;
}

/** The single door to every device: policy, audit, journal, link, audit again. */
export interface Commands {
  /** @throws POLICY_DENIED, AUDIT_UNWRITABLE, DEVICE_UNKNOWN, DEVICE_OFFLINE, COMMAND_UNKNOWN, COMMAND_TIMEOUT, and the node's own errors */
  invoke(call: CommandCall): Promise<CommandOutcome>;
}

export interface RouteRequest {
  /** Capability or command that the device must offer: `gpio.write`, `talk.speak`. */
  readonly capability: string;
  readonly room?: string;
  /** Only this device. */
  readonly deviceId?: string;
}

export interface RouteCandidate {
  readonly deviceId: string;
  readonly displayName: string;
  readonly room?: string;
  readonly score: number;
  /** "same room +100; load 0.2 −2; telemetry 4 s old". */
  readonly why: string;
}

export interface RouteDecision {
  readonly chosen?: RouteCandidate;
  readonly ranked: readonly RouteCandidate[];
  readonly rejected: readonly { readonly deviceId: string; readonly displayName: string; readonly reason: string }[];
}

/** Pure: equal registry and request give equal answers. */
export interface Router {
  route(request: RouteRequest): RouteDecision;
}

// --- policy and audit ----------------------------------------------------------------------------------------------

export interface PolicyRequest {
  readonly principal: Principal;
  /** `command`, `method`, `config`, … */
  readonly action: "command" | "method";
  /** Command or method name. */
  readonly name: string;
  readonly deviceId?: string;
  readonly room?: string;
  readonly params?: JsonObject;
  /** What the command would do to things in the home, when that is known: `{kind: "lock", action: "unlock"}`. */
  readonly appliances?: readonly { readonly kind: ApplianceKind; readonly action: ApplianceAction }[];
}

export interface Decision {
  readonly effect: "allow" | "deny";
  /** The rule that decided: `default-deny`, `home-voice-gpio`, … */
  readonly rule: string;
  readonly reason: string;
}

/** Every command passes here. Default deny; deny wins; pure, so that it can be explained without being done. */
export interface Policy {
  decide(request: PolicyRequest): Decision;
  /** The decision and, in the order they were asked, every rule with whether it matched and why not. */
  explain(request: PolicyRequest): PolicyExplanation;
}

export interface PolicyExplanation {
  readonly decision: Decision;
  readonly rules: readonly {
    readonly id: string;
    readonly effect: "allow" | "deny";
    readonly source: "config" | "built-in";
    readonly matched: boolean;
    readonly why: string;
  }[];
}

export interface AuditEntry {
  readonly kind: "decision" | "outcome" | "pairing" | "config";
  readonly principal: Principal;
  readonly subject: string;
  /** JSON-safe; secrets are masked before they get here. */
  readonly data: JsonObject;
}

export interface AuditRecord extends AuditEntry {
  readonly seq: number;
  readonly at: number;
  /** SHA-256 hex of the record before it; 64 zeros for the first. */
  readonly previous: string;
  readonly hash: string;
}

/** Append-only, hash-chained. `append` resolves when the record is on disk. */
export interface Audit {
  /** @throws AUDIT_UNWRITABLE */
  append(entry: AuditEntry): Promise<AuditRecord>;
  list(options: { limit?: number; after?: number }): Promise<readonly AuditRecord[]>;
  verify(): Promise<
    { ok: true; records: number; head: string } | { ok: false; records: number; seq: number; problem: string }
  >;
}

// --- inbox ---------------------------------------------------------------------------------------------------------

export interface InboxEntry {
  readonly channel: string;
  readonly account: string;
  /** With channel and account: the same message whenever it comes again. */
  readonly externalId: string;
  readonly direction: "in" | "out";
  readonly sender: string;
  readonly text: string;
  readonly thread?: string;
  readonly room?: string;
  readonly turnId?: string;
  readonly replyTo?: string;
  readonly at: number;
  readonly metadata?: JsonObject;
}

export interface InboxMessage extends InboxEntry {
  readonly id: string;
  readonly read: boolean;
  readonly archived: boolean;
  readonly receivedAt: number;
}

export interface InboxQuery {
  readonly channel?: string;
  readonly thread?: string;
  readonly sender?: string;
  readonly room?: string;
  readonly unread?: boolean;
  readonly archived?: boolean;
  /** Full text. */
  readonly text?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface InboxEntered {
  readonly message: InboxMessage;
  /** False: it was here already; `message` is the one that was. */
  readonly created: boolean;
}

/** Every turn and message enters through `enter`, once. */
export interface Inbox {
  readonly events: Events<{ entered: { readonly message: InboxMessage } }>;
  /** `alongside` is written in the same transaction, so that a message and what it belongs to are stored together or not at all. */
  enter(entry: InboxEntry, alongside?: (entered: InboxEntered) => void): Promise<InboxEntered>;
  get(id: string): Promise<InboxMessage | undefined>;
  list(query: InboxQuery): Promise<{ readonly messages: readonly InboxMessage[]; readonly nextCursor?: string }>;
  mark(id: string, flags: { read?: boolean; archived?: boolean }): Promise<InboxMessage>;
  counts(): Promise<{ readonly total: number; readonly unread: number; readonly archived: number }>;
}

// --- household, voice ----------------------------------------------------------------------------------------------

/** An appliance with the node that carries it, if any is known. */
export interface HomeAppliance extends Appliance {
  readonly deviceId?: string;
}

/** Rooms and appliances: what the config names plus what the paired nodes declare. */
export interface Household {
  readonly events: Events<{ changed: { readonly grammarHash: string } }>;
  rooms(): readonly string[];
  appliances(): readonly HomeAppliance[];
  /** JSGF made from rooms, appliances and intents; the matcher uses the same source. */
  grammar(): {
    readonly hash: string;
    readonly jsgf: string;
    readonly pronunciations: Readonly<Record<string, string>>;
  };
}

export type TurnStatus = "received" | "answering" | "done" | "failed";

export interface TurnCommand {
  readonly deviceId: string;
  readonly command: string;
  readonly params: JsonObject;
  readonly ok: boolean;
  readonly payload?: JsonObject;
  readonly error?: ErrorShape;
}

/** One voice exchange, from wake to spoken reply. */
export interface TurnRecord {
  readonly turnId: string;
  /** `voice`, or `text` for `barnacle ask`. */
  readonly source: "voice" | "text";
  readonly deviceId?: string;
  readonly room?: string;
  readonly startedAt: number;
  readonly status: TurnStatus;
  readonly outcome: VoiceTurnReport["outcome"];
  readonly wake?: WakeDetection;
  readonly transcript?: string;
  readonly confidence?: number;
  readonly recogniser?: string;
  readonly reason?: string;
  /** `light.on`, `timer.start`, … */
  readonly intent?: string;
  readonly slots?: JsonObject;
  readonly route?: { readonly deviceId: string; readonly why: string };
  readonly commands: readonly TurnCommand[];
  readonly reply?: string;
  readonly replySpoken?: boolean;
  readonly ok: boolean;
  readonly error?: ErrorShape;
  readonly spans: readonly TurnSpan[];
}

export interface VoiceTurns {
  readonly events: Events<{ updated: { readonly turn: TurnRecord } }>;
  /** Stores the report durably (idempotent by turn id) and resolves; the answer follows through `reply` of the node link. */
  receive(deviceId: string, report: VoiceTurnReport): Promise<void>;
  wake(deviceId: string, event: WakeEvent): Promise<void>;
  spoken(deviceId: string, report: VoiceTurnSpoken): Promise<void>;
  /** As if spoken in `room`; resolves with the finished turn. */
  ask(text: string, options: { room?: string; principal: Principal; idempotencyKey?: string }): Promise<TurnRecord>;
  list(options: { limit?: number; before?: number }): Promise<readonly TurnRecord[]>;
  get(turnId: string): Promise<TurnRecord | undefined>;
}

/** Sends to MQTT nodes outside of commands. */
export interface NodeMessenger {
  reply(deviceId: string, reply: VoiceTurnReply): void;
  ack(deviceId: string, ids: readonly string[]): void;
  /** Publishes the retained config of every paired node again. */
  refreshConfig(): void;
}

/** What the broker hands inward, decoded and checked. Each promise resolves after the content is stored; then it is acknowledged. */
export interface NodeInbound {
  state(deviceId: string, state: NodeState): Promise<void>;
  caps(deviceId: string, manifest: CapabilityManifest): Promise<void>;
  telemetry(deviceId: string, telemetry: BoardTelemetry): Promise<void>;
  wake(deviceId: string, event: WakeEvent): Promise<void>;
  notice(deviceId: string, event: NoticeEvent): Promise<void>;
  turn(deviceId: string, report: VoiceTurnReport): Promise<void>;
  spoken(deviceId: string, report: VoiceTurnSpoken): Promise<void>;
}

/** The global wake words, stored, pushed to every node. */
export interface WakeWords {
  readonly events: Events<{ changed: { readonly words: readonly string[] } }>;
  get(): readonly string[];
  set(words: readonly string[]): Promise<readonly string[]>;
}

/** Counters for `status` and metrics, by name: `mqtt.malformed.turn`. */
export interface Counters {
  add(name: string, by?: number): void;
  snapshot(): Readonly<Record<string, number>>;
}
