import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import { coversScopes } from "@barnacle/protocol/gateway";
import { ownsId, pairingProofText, verifyText } from "@barnacle/protocol/identity";
import type { PairAnswer, PairChallenge, PairRequest } from "@barnacle/protocol/pairing";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { AuditTrail } from "../audit/index.ts";
import type { GatewayPairing, PairingReason, PendingPairing, Principal } from "../services.ts";
import type { Store } from "../store/index.ts";
import type { DeviceBook } from "./book.ts";
import { Challenges } from "./challenges.ts";
import type { Entry } from "./entry.ts";
import { type Ask, PairingRequests } from "./requests.ts";
import type { DeviceRow } from "./row.ts";
import { SetupCodes } from "./setup-codes.ts";
import { WrongCodes } from "./wrong-codes.ts";

export interface PairingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: Pick<AuditTrail, "record">;
  readonly site: string;
  readonly hubName: string;
  /** Where paired nodes find the broker; asked when needed, since the port may be picked at start. */
  readonly mqttAddress: () => { readonly port: number; readonly tls: boolean };
}

const POLL_AFTER_MS = 2_000;
/** A node that came to offer more keeps working meanwhile, so its request may wait for the operator. */
const REPAIR_LIFETIME_MS = 7 * 24 * 60 * 60_000;

/** How a device becomes known: by a setup code, by an operator's word, or by sitting on the hub's own machine. */
export class Pairing {
  readonly requests: PairingRequests;
  readonly #options: PairingOptions;
  readonly #book: DeviceBook;
  readonly #challenges: Challenges;
  readonly #codes: SetupCodes;
  readonly #wrong: WrongCodes;

  constructor(options: PairingOptions, book: DeviceBook) {
    const { store, clock, random } = options;
    this.#options = options;
    this.#book = book;
    this.requests = new PairingRequests(store, clock, random);
    this.#challenges = new Challenges(clock, random);
    this.#codes = new SetupCodes(store, clock, random);
    this.#wrong = new WrongCodes(store, clock);
  }

  challenge(deviceId: string): PairChallenge {
    const { site, hubName } = this.#options;
    return { ...this.#challenges.issue(deviceId), site, hubName };
  }

  createSetupCode(options: { ttlMs?: number; room?: string; by: Principal }): { code: string; expiresAtMs: number } {
    return this.#options.store.transaction(() => {
      const made = this.#codes.create(options);
      this.#options.audit.record({
        kind: "pairing",
        principal: options.by,
        subject: "setup-code",
        data: { action: "created", expiresAtMs: made.expiresAtMs, room: options.room },
      });
      return made;
    });
  }

  pair(request: PairRequest, remoteIp: string): PairAnswer {
    this.#checkProof(request);
    const { id } = request.device;
    const entry = this.#book.entries.get(id);
    refuseBlocked(entry);
    if (entry?.row.roles.includes("node")) return this.#paired();
    if (request.setupCode !== undefined) {
      this.#pairByCode(request, request.setupCode, remoteIp);
      return this.#paired();
    }
    const pending = this.#ask(askOf(request, remoteIp, entry));
    return {
      status: "pending",
      requestId: pending.requestId,
      expiresAt: pending.expiresAtMs,
      pollAfterMs: POLL_AFTER_MS,
    };
  }

  pairGateway(
    pairing: GatewayPairing,
  ): { status: "paired"; entry: Entry } | { status: "pending"; request: PendingPairing } {
    const { deviceId, publicKey } = pairing;
    if (!ownsId(deviceId, publicKey)) {
      throw new BarnacleError("PROOF_INVALID", "the device id is not the hash of the public key");
    }
    const entry = this.#book.entries.get(deviceId);
    refuseBlocked(entry);
    const reason = missing(entry?.row, pairing);
    if (entry && reason === undefined) return { status: "paired", entry: this.#refresh(entry, pairing) };
    const { caps = [], commands = [], ...rest } = pairing;
    const ask: Ask = {
      ...{ ...rest, reason: reason ?? "not-paired", capabilities: caps, commands },
      isRepair: entry !== undefined,
    };
    if (!pairing.silent) return { status: "pending", request: this.#ask(ask) };
    const by: Principal = { kind: "operator", id: "local" };
    return { status: "paired", entry: this.#admit(this.#unasked(ask), by, "local") };
  }

  /** Asks again for a paired node that came to offer more than was approved. */
  askForMore(entry: Entry): void {
    const { manifest, deviceId, publicKey } = entry.row;
    if (!manifest || !entry.record.unapprovedCommands) return;
    const ask: Ask = {
      reason: "not-paired",
      deviceId,
      publicKey,
      displayName: entry.record.displayName,
      platform: manifest.platform,
      role: "node",
      scopes: [],
      room: entry.record.room,
      remoteIp: entry.row.remoteIp,
      capabilities: manifest.capabilities.map((capability) => capability.name),
      commands: manifest.commands.map((command) => command.name),
      silent: false,
      isRepair: true,
    };
    try {
      this.#ask(ask, REPAIR_LIFETIME_MS);
    } catch (error) {
      // An operator has said no to just this; the commands stay unusable.
      if (!hasCode(error, "PAIRING_REJECTED")) throw error;
    }
  }

  approve(requestId: string, by: Principal): Entry {
    const request = this.requests.need(requestId);
    refuseBlocked(this.#book.entries.get(request.deviceId));
    return this.#admit(request, by, by.id);
  }

  reject(requestId: string, by: Principal): PendingPairing {
    const request = this.requests.need(requestId);
    this.#options.store.transaction(() => {
      this.requests.reject(requestId);
      this.#options.audit.record(recordOf(request, by, "rejected"));
    });
    this.requests.keepRejected(request);
    this.#resolved(request, "rejected");
    return request;
  }

  #checkProof({ device, setupCode }: PairRequest): void {
    const fresh = this.#challenges.spend(device.id, device.nonce);
    if (!fresh) throw new BarnacleError("PROOF_INVALID", "the nonce is not a fresh one of this hub for this device");
    if (!ownsId(device.id, device.publicKey)) {
      throw new BarnacleError("PROOF_INVALID", "the device id is not the hash of the public key");
    }
    const text = pairingProofText(this.#options.site, device.id, device.nonce, setupCode);
    if (!verifyText(device.publicKey, text, device.signature)) {
      throw new BarnacleError("PROOF_INVALID", "the signature does not fit the key, the nonce and the setup code");
    }
  }

  /** The lock is asked, the code used up and the device stored in one transaction, so no number of parallel tries helps. */
  #pairByCode(request: PairRequest, code: string, remoteIp: string): void {
    const { id } = request.device;
    const ask = askOf(request, remoteIp, this.#book.entries.get(id));
    const pairing = this.requests.of(id, "node") ?? this.#unasked(ask);
    const row = this.#options.store.transaction(() => {
      this.#wrong.check(id, remoteIp);
      const found = this.#codes.use(code, id);
      if (found) return this.#write({ ...pairing, ...ask }, { kind: "node", id }, "setup-code", found.room);
      this.#wrong.record(id, remoteIp);
      return undefined;
    });
    if (!row) throw new BarnacleError("PAIRING_CODE_WRONG", "the setup code is wrong, used or expired");
    this.#keep(pairing, row);
  }

  #admit(request: PendingPairing, by: Principal, approvedBy: string): Entry {
    const row = this.#options.store.transaction(() => this.#write(request, by, approvedBy));
    return this.#keep(request, row);
  }

  #unasked(ask: Ask): PendingPairing {
    const now = this.#options.clock.now();
    return { ...ask, requestId: this.#options.random.uuid(), ts: now, expiresAtMs: now };
  }

  #write(request: PendingPairing, by: Principal, approvedBy: string, givenRoom?: string): DeviceRow {
    const row = this.#rowFor(request, approvedBy, givenRoom);
    this.#book.write(row, recordOf(request, by, "approved"));
    this.requests.delete(request.requestId);
    return row;
  }

  #keep(request: PendingPairing, row: DeviceRow): Entry {
    const entry = this.#book.keep(row);
    this.requests.forget(request.requestId);
    this.#resolved(request, "approved");
    this.#book.changed(entry);
    return entry;
  }

  #rowFor(request: PendingPairing, approvedBy: string, givenRoom: string | undefined): DeviceRow {
    const now = this.#options.clock.now();
    const known = this.#book.entries.get(request.deviceId)?.row;
    const isNode = request.role === "node";
    const commands = [...new Set([...(known?.approvedCommands ?? []), ...request.commands])];
    return {
      ...known,
      deviceId: request.deviceId,
      publicKey: request.publicKey,
      ownName: request.displayName ?? known?.ownName,
      ownRoom: request.room ?? known?.ownRoom,
      givenRoom: givenRoom ?? known?.givenRoom,
      roles: union(known?.roles, [request.role]),
      scopes: union(known?.scopes, request.scopes),
      platform: request.platform ?? known?.platform,
      deviceFamily: request.deviceFamily ?? known?.deviceFamily,
      clientId: request.clientId ?? known?.clientId,
      clientMode: request.clientMode ?? known?.clientMode,
      remoteIp: request.remoteIp ?? known?.remoteIp,
      blocked: false,
      createdAtMs: known?.createdAtMs ?? now,
      approvedAtMs: now,
      approvedBy,
      approvedCommands: isNode && commands.length > 0 ? commands : known?.approvedCommands,
    };
  }

  /** A client tells its name and address at each connect; what it leaves out stays as it was. */
  #refresh(entry: Entry, pairing: GatewayPairing): Entry {
    const { row } = entry;
    const next: DeviceRow = {
      ...row,
      ownName: pairing.displayName ?? row.ownName,
      platform: pairing.platform ?? row.platform,
      deviceFamily: pairing.deviceFamily ?? row.deviceFamily,
      clientId: pairing.clientId ?? row.clientId,
      clientMode: pairing.clientMode ?? row.clientMode,
      remoteIp: pairing.remoteIp ?? row.remoteIp,
    };
    return JSON.stringify(next) === JSON.stringify(row) ? entry : this.#book.put(next);
  }

  #ask(ask: Ask, lifetimeMs?: number): PendingPairing {
    const { request, created } = this.requests.ask(ask, lifetimeMs);
    if (created) this.#book.events.emit("pairRequested", { request });
    return request;
  }

  #resolved(request: PendingPairing, decision: "approved" | "rejected"): void {
    const { requestId, deviceId } = request;
    this.#book.events.emit("pairResolved", { requestId, deviceId, decision, ts: this.#options.clock.now() });
  }

  #paired(): PairAnswer {
    return { status: "paired", site: this.#options.site, mqtt: { ...this.#options.mqttAddress() } };
  }
}

function askOf(request: PairRequest, remoteIp: string, known: Entry | undefined): Ask {
  return {
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
function missing(row: DeviceRow | undefined, asked: GatewayPairing): PairingReason | undefined {
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

function recordOf(request: PendingPairing, principal: Principal, action: string) {
  const { deviceId, role, scopes, commands, remoteIp, displayName, isRepair } = request;
  return {
    kind: "pairing" as const,
    principal,
    subject: deviceId,
    data: { action, role, scopes, commands, remoteIp, displayName, isRepair },
  };
}

function refuseBlocked(entry: Entry | undefined): void {
  if (entry?.row.blocked) throw new BarnacleError("DEVICE_BLOCKED", `${entry.record.displayName} is blocked`);
}

function union(a: readonly string[] = [], b: readonly string[] = []): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}
