import { BarnacleError } from "@barnacle/protocol/errors";
import type { NodeState } from "@barnacle/protocol/mqtt";
import type { PairAnswer, PairChallenge, PairRequest } from "@barnacle/protocol/pairing";
import type { Events, Log, Unit } from "@barnacle/protocol/runtime";
import type { BoardTelemetry, CapabilityManifest } from "@barnacle/protocol/schema";
import type {
  DeviceEvents,
  DeviceRecord,
  Devices,
  GatewayPairing,
  PendingPairing,
  Principal,
  ResolvedPairing,
} from "../services.ts";
import { DeviceBook, HUB } from "./book.ts";
import type { Entry } from "./entry.ts";
import { findDevice } from "./find.ts";
import { LinkTokens } from "./link-tokens.ts";
import { Pairing, type PairingOptions } from "./pairing.ts";
import { ordinary } from "./powerful.ts";
import { Presence } from "./presence.ts";
import type { DeviceRow } from "./row.ts";
import { StoredDeviceSetups } from "./setups.ts";
import { DeviceTokens } from "./tokens.ts";

export interface DeviceRegistryOptions extends PairingOptions {
  readonly log: Log;
}

const EXPIRE_EVERY_MS = 5_000;
const FLUSH_EVERY_MS = 10_000;

/** The one registry of everything paired, whatever it is connected by. */
export class DeviceRegistry implements Devices, Unit {
  readonly events: Events<DeviceEvents>;
  readonly setups: StoredDeviceSetups;
  readonly #options: DeviceRegistryOptions;
  readonly #book: DeviceBook;
  readonly #links: LinkTokens;
  readonly #pairing: Pairing;
  readonly #presence: Presence;
  readonly #tokens: DeviceTokens;
  #cancel: (() => void)[] = [];

  constructor(options: DeviceRegistryOptions) {
    this.#options = options;
    this.#book = new DeviceBook(options.store, options.audit);
    this.#links = new LinkTokens(options, this.#book);
    this.#pairing = new Pairing(options, this.#book, this.#links);
    this.#presence = new Presence(options, this.#book, this.#links);
    this.#tokens = new DeviceTokens(options, this.#book);
    this.setups = new StoredDeviceSetups(options, {
      ...{ book: this.#book, pairing: this.#pairing, tokens: this.#tokens },
    });
    this.events = this.#book.events;
  }

  async start(): Promise<void> {
    const { clock } = this.#options;
    this.#book.load();
    this.#links.load();
    this.#pairing.requests.load();
    this.#cancel = [
      clock.every(EXPIRE_EVERY_MS, () => this.#presence.expire()),
      clock.every(FLUSH_EVERY_MS, () => this.#flush()),
    ];
  }

  async stop(): Promise<void> {
    if (this.#cancel.length === 0) return;
    for (const cancel of this.#cancel) cancel();
    this.#cancel = [];
    this.#flush();
  }

  list(): readonly DeviceRecord[] {
    return Array.from(this.#book.entries.values(), (entry) => entry.record);
  }

  get(deviceId: string): DeviceRecord | undefined {
    return this.#book.entries.get(deviceId)?.record;
  }

  find(reference: string): DeviceRecord {
    return findDevice(this.list(), reference);
  }

  pending(): readonly PendingPairing[] {
    return this.#pairing.requests.pending();
  }

  resolved(requestId: string): ResolvedPairing | undefined {
    return this.#pairing.resolved.get(requestId);
  }

  async challenge(deviceId: string): Promise<PairChallenge> {
    return this.#pairing.challenge(deviceId);
  }

  async pair(request: PairRequest, remoteIp: string): Promise<PairAnswer> {
    return this.#pairing.pair(request, remoteIp);
  }

  async createSetupCode(options: { ttlMs?: number; room?: string; by: Principal }) {
    return this.#pairing.createSetupCode(options);
  }

  async pairGateway(
    pairing: GatewayPairing,
  ): Promise<{ status: "paired"; device: DeviceRecord } | { status: "pending"; request: PendingPairing }> {
    const answer = this.#pairing.pairGateway(pairing);
    return answer.status === "pending" ? answer : { status: "paired", device: answer.entry.record };
  }

  async requestScopes(deviceId: string, role: string, scopes: readonly string[]): Promise<PendingPairing> {
    return this.#pairing.requestScopes(deviceId, role, scopes);
  }

  async approve(requestId: string, by: Principal): Promise<DeviceRecord> {
    return this.#pairing.approve(requestId, by).record;
  }

  async reject(requestId: string, by: Principal): Promise<PendingPairing> {
    return this.#pairing.reject(requestId, by);
  }

  async ensureToken(deviceId: string, role: string, scopes: readonly string[]) {
    return this.#tokens.ensure(deviceId, role, scopes);
  }

  verifyToken(deviceId: string, role: string, token: string): boolean {
    return this.#tokens.verify(deviceId, role, token);
  }

  async rotateToken(deviceId: string, role: string, scopes: readonly string[] | undefined, by = HUB) {
    return this.#tokens.rotate(deviceId, role, scopes, by);
  }

  async revokeToken(deviceId: string, role: string, by = HUB) {
    return this.#tokens.revoke(deviceId, role, by);
  }

  async rotateLink(deviceId: string, by = HUB): Promise<DeviceRecord> {
    const entry = this.#ownNode(deviceId);
    this.#links.want(entry, by);
    this.events.emit("linkTokenWanted", { deviceId });
    return entry.record;
  }

  async revokeLink(deviceId: string, by = HUB): Promise<DeviceRecord> {
    const entry = this.#ownNode(deviceId);
    this.#links.revoke(entry, by);
    this.events.emit("revoked", { deviceId, role: "node", reason: "token revoked" });
    this.#presence.disconnected(deviceId, undefined, "token revoked");
    return this.#book.need(deviceId).record;
  }

  linkTokenDue(deviceId: string): string | undefined {
    const entry = this.#book.entries.get(deviceId);
    return entry && this.#links.due(entry);
  }

  async rename(deviceId: string, displayName: string, by = HUB): Promise<DeviceRecord> {
    const name = displayName.trim();
    if (name.length === 0 || name.length > 80) {
      throw new BarnacleError("INPUT_INVALID", "a device's name has 1 to 80 characters");
    }
    return this.#change(deviceId, { givenName: name }, by, "config", { action: "renamed", name });
  }

  async setRoom(deviceId: string, room: string | undefined, by = HUB): Promise<DeviceRecord> {
    const name = room?.trim();
    if (name !== undefined && (name.length === 0 || name.length > 48)) {
      throw new BarnacleError("INPUT_INVALID", "a room's name has 1 to 48 characters");
    }
    return this.#change(deviceId, { givenRoom: name }, by, "config", { action: "moved", room: name });
  }

  async block(deviceId: string, by = HUB): Promise<DeviceRecord> {
    this.#change(deviceId, { blocked: true }, by, "pairing", { action: "blocked" });
    this.events.emit("revoked", { deviceId, reason: "blocked" });
    this.#presence.disconnected(deviceId, undefined, "blocked");
    return this.#book.need(deviceId).record;
  }

  async unblock(deviceId: string, by = HUB): Promise<DeviceRecord> {
    return this.#change(deviceId, { blocked: false }, by, "pairing", { action: "unblocked" });
  }

  async remove(deviceId: string, by = HUB): Promise<void> {
    const entry = this.#book.need(deviceId);
    if (entry.row.blocked) {
      throw new BarnacleError("CONFLICT", `${entry.record.displayName} is blocked; removed, its key could pair again`, {
        hint: "Unblock it first if that is what you want.",
      });
    }
    const data = { action: "removed", name: entry.record.displayName };
    this.#book.remove(deviceId, { kind: "pairing", principal: by, subject: deviceId, data });
    this.#pairing.forgetDevice(deviceId);
    this.events.emit("revoked", { deviceId, reason: "removed" });
    this.events.emit("removed", { deviceId });
  }

  async removeRole(deviceId: string, role: string, by = HUB): Promise<void> {
    const { row } = this.#book.need(deviceId);
    if (!row.roles.includes(role)) {
      throw new BarnacleError("DEVICE_UNKNOWN", `the device has no role ${role}`, { details: { deviceId, role } });
    }
    const roles = row.roles.filter((one) => one !== role);
    if (roles.length === 0) return this.remove(deviceId, by);
    const lost = role === "node" ? { approvedCommands: undefined, manifest: undefined } : { scopes: [] };
    this.#tokens.forget(deviceId, role);
    this.#change(deviceId, { roles, ...lost }, by, "pairing", { action: "role removed", role });
    this.#pairing.forgetDevice(deviceId);
    this.events.emit("revoked", { deviceId, role, reason: "removed" });
  }

  async admit(deviceId: string, password: string, remoteIp: string): Promise<DeviceRecord> {
    return (await this.#presence.admit(deviceId, password, remoteIp)).record;
  }

  async setState(deviceId: string, state: NodeState, transport: "mqtt" | "websocket"): Promise<void> {
    this.#presence.setState(deviceId, state, transport);
  }

  async disconnected(deviceId: string, incarnation: number | undefined, reason: string): Promise<void> {
    this.#presence.disconnected(deviceId, incarnation, reason);
  }

  async setManifest(deviceId: string, manifest: CapabilityManifest): Promise<void> {
    const entry = this.#book.entries.get(deviceId);
    if (!entry) return;
    this.#presence.touch(entry);
    if (JSON.stringify(entry.row.manifest) !== JSON.stringify(manifest)) {
      // Whoever let it in before it named any command has not seen what it can do.
      const approvedCommands = entry.row.approvedCommands ?? ordinary(manifest.commands.map(({ name }) => name));
      await this.#book.putSoon(entry, { manifest, approvedCommands });
      if (this.#book.entries.get(deviceId) !== entry) return;
      this.#book.changed(entry);
    }
    this.#pairing.askForMore(entry);
  }

  setTelemetry(deviceId: string, telemetry: BoardTelemetry): void {
    const entry = this.#book.entries.get(deviceId);
    if (!entry) return;
    entry.telemetry = telemetry;
    entry.telemetryAtMs = this.#options.clock.now();
    this.#presence.touch(entry);
  }

  touch(deviceId: string): void {
    const entry = this.#book.entries.get(deviceId);
    if (entry) this.#presence.touch(entry);
  }

  /** Native gateway nodes have tokens of the gateway's kind. */
  #ownNode(deviceId: string): Entry {
    const entry = this.#book.need(deviceId);
    if (entry.row.roles.includes("node") && entry.row.clientId === undefined) return entry;
    throw new BarnacleError("CONFLICT", `${entry.record.displayName} is not a node that connects by MQTT`, {
      hint: "Its gateway token is meant? Name the role: --role operator, or --role node.",
    });
  }

  #change(
    deviceId: string,
    patch: Partial<DeviceRow>,
    by: Principal,
    kind: "config" | "pairing",
    data: Record<string, unknown>,
  ): DeviceRecord {
    const entry: Entry = this.#book.need(deviceId);
    this.#book.put({ ...entry.row, ...patch }, { kind, principal: by, subject: deviceId, data });
    this.#book.changed(entry);
    return entry.record;
  }

  #flush(): void {
    try {
      this.#presence.flush();
    } catch (error) {
      this.#options.log.warn(
        { err: error },
        "last-seen times and telemetry could not be saved; they are kept in memory",
      );
    }
  }
}
