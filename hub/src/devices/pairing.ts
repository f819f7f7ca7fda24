import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import { ownsId, pairingProofText, verifyText } from "@barnacle/protocol/identity";
import { type PairAnswer, type PairChallenge, type PairRequest, writeSetupCode } from "@barnacle/protocol/pairing";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { AuditTrail } from "../audit/index.ts";
import type { GatewayPairing, NodeSetupCode, PendingPairing, Principal, SetupGrant } from "../services.ts";
import type { Store } from "../store/index.ts";
import { askOf, clientAsk, missing, recordOf, scopesAsk, surfaceAsk } from "./asks.ts";
import type { DeviceBook } from "./book.ts";
import { Challenges } from "./challenges.ts";
import type { Entry } from "./entry.ts";
import type { LinkTokens } from "./link-tokens.ts";
import { ordinary } from "./powerful.ts";
import { type Ask, PairingRequests } from "./requests.ts";
import { ResolvedRequests } from "./resolved.ts";
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
  readonly mqttAddress: (remoteIp: string) => { readonly port: number; readonly tls: boolean };
  /** What nodes of other machines pin; asked when needed. Undefined when none can connect. */
  readonly authority?: () => { readonly authority: string; readonly authorityFingerprint: string } | undefined;
}

const POLL_AFTER_MS = 2_000;

/** How a device becomes known: by a setup code, by an operator's word, or by sitting on the hub's own machine. */
export class Pairing {
  readonly requests: PairingRequests;
  readonly resolved: ResolvedRequests;
  readonly #options: PairingOptions;
  readonly #book: DeviceBook;
  readonly #tokens: LinkTokens;
  readonly #challenges: Challenges;
  readonly #codes: SetupCodes;
  readonly #wrong: WrongCodes;

  constructor(options: PairingOptions, book: DeviceBook, tokens: LinkTokens) {
    const { store, clock, random } = options;
    this.#options = options;
    this.#book = book;
    this.#tokens = tokens;
    this.requests = new PairingRequests(store, clock, random);
    this.resolved = new ResolvedRequests(clock);
    this.#challenges = new Challenges(clock, random);
    this.#codes = new SetupCodes(store, clock, random);
    this.#wrong = new WrongCodes(store, clock);
  }

  challenge(deviceId: string): PairChallenge {
    const { site, hubName } = this.#options;
    return { ...this.#challenges.issue(deviceId), site, hubName };
  }

  createSetupCode(options: { ttlMs?: number; room?: string; by: Principal }): NodeSetupCode {
    return this.#options.store.transaction(() => {
      const made = this.#codes.create(options);
      this.#options.audit.record({
        kind: "pairing",
        principal: options.by,
        subject: "setup-code",
        data: { action: "created", expiresAtMs: made.expiresAtMs, room: options.room },
      });
      const authority = this.#options.authority?.()?.authorityFingerprint;
      return {
        ...made,
        code: writeSetupCode(made.secret, authority),
        ...(authority === undefined ? {} : { authority }),
      };
    });
  }

  pair(request: PairRequest, remoteIp: string): PairAnswer {
    this.#checkProof(request);
    const { id } = request.device;
    const entry = this.#book.entries.get(id);
    refuseBlocked(entry);
    const revoked = entry?.linkToken?.revokedAt !== undefined;
    if (entry?.row.roles.includes("node") && !revoked) return this.#paired(entry, remoteIp);
    if (request.setupCode !== undefined) {
      return this.#paired(this.#pairByCode(request, request.setupCode, remoteIp), remoteIp);
    }
    const pending = this.#ask(askOf(request, remoteIp, entry));
    return {
      status: "pending",
      requestId: pending.requestId,
      expiresAt: pending.expiresAtMs ?? this.#options.clock.now(),
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
    const ask = clientAsk(pairing, reason ?? "not-paired", entry !== undefined);
    if (!pairing.silent) return { status: "pending", request: this.#ask(ask) };
    const by: Principal = { kind: "operator", id: "local" };
    return { status: "paired", entry: this.#admit(this.#unasked(ask), by, "local") };
  }

  /** Lets a device in by a code that it has shown, within the caller's transaction; `keep` follows. */
  writeGranted(pairing: GatewayPairing, setup: { setupId: string; by: Principal }, grants: readonly SetupGrant[]) {
    refuseBlocked(this.#book.entries.get(pairing.deviceId));
    const scopes = [...new Set(grants.flatMap((grant) => grant.scopes))];
    const ask = { ...clientAsk(pairing, "not-paired", false), scopes };
    const request = this.requests.of(pairing.deviceId, pairing.role) ?? this.#unasked(ask);
    const granted = { ...request, ...ask };
    const row = this.#write(granted, setup.by, "setup-code", { roles: grants.map((grant) => grant.role) });
    return { keep: () => this.#keep(granted, row) };
  }

  requestScopes(deviceId: string, role: string, scopes: readonly string[]): PendingPairing {
    const { row, record } = this.#book.need(deviceId);
    if (!row.roles.includes(role)) throw new BarnacleError("NOT_PAIRED", `the device is not paired as ${role}`);
    return this.#ask(scopesAsk(row, record.displayName, role, scopes));
  }

  /** Asks for a paired node that offers more than was approved. */
  askForMore(entry: Entry): void {
    const ask = surfaceAsk(entry);
    if (!ask) return;
    try {
      this.#ask(ask);
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
      this.requests.reject(request);
      this.#options.audit.record(recordOf(request, by, "rejected"));
    });
    this.requests.keepRejected(request);
    this.#resolved(request, "rejected");
    return request;
  }

  forgetDevice(deviceId: string): void {
    this.requests.forgetDevice(deviceId);
    this.resolved.forgetDevice(deviceId);
  }

  #checkProof({ device, setupCode, authority }: PairRequest): void {
    const fresh = this.#challenges.spend(device.id, device.nonce);
    if (!fresh) throw new BarnacleError("PROOF_INVALID", "the nonce is not a fresh one of this hub for this device");
    if (!ownsId(device.id, device.publicKey)) {
      throw new BarnacleError("PROOF_INVALID", "the device id is not the hash of the public key");
    }
    const text = pairingProofText(this.#options.site, device.id, device.nonce, setupCode, authority);
    if (!verifyText(device.publicKey, text, device.signature)) {
      throw new BarnacleError("PROOF_INVALID", "the signature does not fit the key, the nonce and the setup code");
    }
    const own = this.#options.authority?.()?.authorityFingerprint;
    if (authority !== undefined && authority !== own) {
      throw new BarnacleError(
        "HUB_UNTRUSTED",
        `the device saw the authority ${authority.slice(0, 16)}…, which is not this hub's (${own?.slice(0, 16) ?? "it has none"}…): somebody stands in between`,
      );
    }
  }

  /** The lock is asked, the code used up and the device stored in one transaction, so no number of parallel tries helps. */
  #pairByCode(request: PairRequest, code: string, remoteIp: string): Entry {
    const { id } = request.device;
    const ask = askOf(request, remoteIp, this.#book.entries.get(id));
    const pairing = this.requests.of(id, "node") ?? this.#unasked(ask);
    const row = this.#options.store.transaction(() => {
      this.#wrong.check(id, remoteIp);
      const found = this.#codes.use(code, id);
      if (found) {
        // An operator for pairing can make a code as well.
        const commands = found.byAdmin ? ask.commands : ordinary(ask.commands);
        const granted = { ...pairing, ...ask, commands };
        return this.#write(granted, { kind: "node", id }, "setup-code", { room: found.room });
      }
      this.#wrong.record(id, remoteIp);
      return undefined;
    });
    if (!row) throw new BarnacleError("PAIRING_CODE_WRONG", "the setup code is wrong, used or expired");
    return this.#keep(pairing, row);
  }

  #admit(request: PendingPairing, by: Principal, approvedBy: string): Entry {
    const row = this.#options.store.transaction(() => this.#write(request, by, approvedBy));
    return this.#keep(request, row);
  }

  #unasked(ask: Ask): PendingPairing {
    const now = this.#options.clock.now();
    return { ...ask, requestId: this.#options.random.uuid(), ts: now, expiresAtMs: now };
  }

  #write(request: PendingPairing, by: Principal, approvedBy: string, given: Given = {}): DeviceRow {
    const row = this.#rowFor(request, approvedBy, given);
    this.#book.write(row, recordOf(request, by, "approved"));
    if (startsAnew(request)) this.#tokens.writeForgotten(row.deviceId);
    this.requests.delete(request.requestId);
    return row;
  }

  #keep(request: PendingPairing, row: DeviceRow): Entry {
    const entry = this.#book.keep(row);
    if (startsAnew(request)) entry.linkToken = undefined;
    this.requests.forget(request.requestId);
    this.#resolved(request, "approved");
    this.#book.changed(entry);
    return entry;
  }

  #rowFor(request: PendingPairing, approvedBy: string, { room, roles = [request.role] }: Given): DeviceRow {
    const now = this.#options.clock.now();
    const known = this.#book.entries.get(request.deviceId)?.row;
    const before = known?.approvedCommands;
    const commands = request.withCommands ? [...new Set([...(before ?? []), ...request.commands])] : (before ?? []);
    // One of our own nodes that named none at its approval has what its first manifest says, if that was approved with it.
    // A gateway client names them in its connect: if it named none, none was approved.
    const unnamed = request.withCommands && commands.length === 0 && request.clientId === undefined;
    return {
      ...known,
      deviceId: request.deviceId,
      publicKey: request.publicKey,
      ownName: request.displayName ?? known?.ownName,
      ownRoom: request.room ?? known?.ownRoom,
      givenRoom: room ?? known?.givenRoom,
      roles: union(known?.roles, roles),
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
      approvedCommands: roles.includes("node") && !unnamed ? commands : before,
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

  #ask(ask: Ask): PendingPairing {
    const { request, created } = this.requests.ask(ask);
    if (created) this.#book.events.emit("pairRequested", { request });
    return request;
  }

  #resolved(request: PendingPairing, decision: "approved" | "rejected"): void {
    const { requestId, kind, role, deviceId } = request;
    this.resolved.add({ request, decision });
    this.#book.events.emit("pairResolved", {
      requestId,
      kind,
      role,
      deviceId,
      decision,
      ts: this.#options.clock.now(),
    });
  }

  #paired(entry: Entry, remoteIp: string): PairAnswer {
    const { site, mqttAddress, authority } = this.#options;
    const mqtt = { ...mqttAddress(remoteIp) };
    const pem = mqtt.tls ? authority?.()?.authority : undefined;
    const token = this.#tokens.first(entry);
    return {
      ...{ status: "paired", site, mqtt },
      ...(pem === undefined ? {} : { authority: pem }),
      ...(token === undefined ? {} : { token }),
    };
  }
}

interface Given {
  readonly room?: string | undefined;
  readonly roles?: readonly string[];
}

/** A node that is let in gets its first token again. */
function startsAnew({ kind, role }: PendingPairing): boolean {
  return kind === "device" && role === "node";
}

function refuseBlocked(entry: Entry | undefined): void {
  if (entry?.row.blocked) throw new BarnacleError("DEVICE_BLOCKED", `${entry.record.displayName} is blocked`);
}

function union(a: readonly string[] = [], b: readonly string[] = []): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}
