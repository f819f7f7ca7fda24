import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { PendingPairing } from "../services.ts";
import type { Store } from "../store/index.ts";
import { crowded } from "./crowd.ts";

const LIFETIME_MS = 5 * 60_000;
/** A client that asks every second is not written down every second. */
const LONGER_MS = 10_000;
const NEVER = Number.MAX_SAFE_INTEGER;
/** How long a node that was told no to its commands does not ask for the same ones again. */
const REJECTED_SURFACE_MS = 7 * 24 * 60 * 60_000;

/** What requests lack that an older version wrote down. */
const OLDER = { kind: "device", reason: "not-paired", withCommands: true } as const;

/** What is asked for; the same ask again is the same request. */
export type Ask = Omit<PendingPairing, "requestId" | "ts" | "expiresAtMs">;

interface Kept {
  readonly request: PendingPairing;
  readonly rejected: boolean;
}

/** Requests that wait for an operator, kept over restarts. One per device, role and kind. */
export class PairingRequests {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #kept = new Map<string, Kept>();

  constructor(store: Store, clock: Clock, random: Random) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
  }

  load(): void {
    this.#kept.clear();
    for (const row of this.#store.all("SELECT * FROM pairing_requests")) {
      const body = { ...OLDER, ...JSON.parse(String(row.body)) } as PendingPairing;
      const expiresAt = Number(row.expires_at);
      const request = { ...body, expiresAtMs: expiresAt === NEVER ? undefined : expiresAt };
      this.#kept.set(request.requestId, { request, rejected: row.status === "rejected" });
    }
  }

  /** Newest first. */
  pending(): readonly PendingPairing[] {
    return [...this.#live()]
      .filter((kept) => !kept.rejected)
      .map((kept) => kept.request)
      .sort((a, b) => b.ts - a.ts);
  }

  /**
   * The request for this ask: the one that waits already when it asks for the same, otherwise a new one in its place,
   * so that nobody approves more than was shown.
   * @throws PAIRING_REJECTED while a rejection of this device and role lasts, PAIRING_LOCKED when too many of its
   * address wait
   */
  ask(ask: Ask): { request: PendingPairing; created: boolean } {
    const known = [...this.#live()].find(
      ({ request }) => request.deviceId === ask.deviceId && request.role === ask.role && request.kind === ask.kind,
    );
    const mayAskOtherwise = ask.isRepair || ask.kind === "surface";
    if (known?.rejected && (!mayAskOtherwise || sameAsk(known.request, ask))) {
      throw new BarnacleError("PAIRING_REJECTED", "an operator rejected this device", {
        details: { requestId: known.request.requestId, expiresAtMs: known.request.expiresAtMs },
      });
    }
    if (known && !known.rejected && sameAsk(known.request, ask)) {
      return { request: this.#askedAgain(known.request), created: false };
    }
    const dropped = known || mayAskOtherwise ? undefined : crowded(this.pending().filter(isStranger), ask.remoteIp);
    const now = this.#clock.now();
    const request: PendingPairing = {
      ...ask,
      requestId: this.#random.uuid(),
      ts: now,
      ...(ask.kind === "surface" ? {} : { expiresAtMs: now + LIFETIME_MS }),
    };
    this.#store.transaction(() => {
      this.#store.run("DELETE FROM pairing_requests WHERE expires_at <= ?", now);
      if (known) this.delete(known.request.requestId);
      if (dropped) this.delete(dropped.requestId);
      this.#store.run(
        "INSERT INTO pairing_requests (request_id, device_id, status, ts, expires_at, body) VALUES (?, ?, 'pending', ?, ?, ?)",
        request.requestId,
        request.deviceId,
        request.ts,
        request.expiresAtMs ?? NEVER,
        JSON.stringify(request),
      );
    });
    if (known) this.#kept.delete(known.request.requestId);
    if (dropped) this.#kept.delete(dropped.requestId);
    this.#kept.set(request.requestId, { request, rejected: false });
    return { request, created: true };
  }

  /** It waits as long again, counted from now: whoever asks is still there. */
  #askedAgain(request: PendingPairing): PendingPairing {
    if (request.expiresAtMs === undefined) return request;
    const expiresAtMs = this.#clock.now() + LIFETIME_MS;
    if (expiresAtMs - request.expiresAtMs < LONGER_MS) return request;
    const longer = { ...request, expiresAtMs };
    this.#store.run("UPDATE pairing_requests SET expires_at = ? WHERE request_id = ?", expiresAtMs, request.requestId);
    this.#kept.set(request.requestId, { request: longer, rejected: false });
    return longer;
  }

  /** @throws REQUEST_UNKNOWN when it does not wait (any more) */
  need(requestId: string): PendingPairing {
    const request = this.pending().find((r) => r.requestId === requestId);
    if (request) return request;
    throw new BarnacleError("REQUEST_UNKNOWN", `no pairing request ${requestId} waits; it may have expired`, {
      details: { requestId },
    });
  }

  /** Within the caller's transaction; `forget` follows when that has succeeded. */
  delete(requestId: string): void {
    this.#store.run("DELETE FROM pairing_requests WHERE request_id = ?", requestId);
  }

  forget(requestId: string): void {
    this.#kept.delete(requestId);
  }

  /** Within the caller's transaction; `keepRejected` follows when that has succeeded. */
  reject(request: PendingPairing): void {
    this.#store.run(
      "UPDATE pairing_requests SET status = 'rejected', expires_at = ? WHERE request_id = ?",
      this.#rejectedUntil(request),
      request.requestId,
    );
  }

  keepRejected(request: PendingPairing): void {
    const kept = { ...request, expiresAtMs: this.#rejectedUntil(request) };
    this.#kept.set(request.requestId, { request: kept, rejected: true });
  }

  #rejectedUntil({ expiresAtMs }: PendingPairing): number {
    return expiresAtMs ?? this.#clock.now() + REJECTED_SURFACE_MS;
  }

  forgetDevice(deviceId: string): void {
    for (const [id, { request }] of this.#kept) if (request.deviceId === deviceId) this.#kept.delete(id);
  }

  /** What waits for this device and role, if anything. */
  of(deviceId: string, role: string): PendingPairing | undefined {
    return this.pending().find((r) => r.kind === "device" && r.deviceId === deviceId && r.role === role);
  }

  *#live(): Iterable<Kept> {
    const now = this.#clock.now();
    for (const [id, kept] of this.#kept) {
      if ((kept.request.expiresAtMs ?? NEVER) > now) yield kept;
      else this.#kept.delete(id);
    }
  }
}

/** Of a device that nobody has let in yet. */
function isStranger({ kind, isRepair }: PendingPairing): boolean {
  return kind === "device" && !isRepair;
}

function sameAsk(a: Ask, b: Ask): boolean {
  return (
    a.publicKey === b.publicKey &&
    a.isRepair === b.isRepair &&
    a.reason === b.reason &&
    sameSet(a.scopes, b.scopes) &&
    sameSet(a.commands, b.commands)
  );
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}
