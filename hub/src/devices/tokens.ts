import { createHash, timingSafeEqual } from "node:crypto";
import { BarnacleError } from "@barnacle/protocol/errors";
import { coversScopes } from "@barnacle/protocol/gateway";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { AuditTrail } from "../audit/index.ts";
import type { DeviceToken, IssuedDeviceToken, Principal } from "../services.ts";
import type { Store } from "../store/index.ts";
import type { DeviceBook } from "./book.ts";
import { type Entry, type StoredToken, withoutHash } from "./entry.ts";

export interface TokenOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: Pick<AuditTrail, "record">;
}

/** Tokens of gateway clients: one per device and role, 128 random bits, kept as a hash. */
export class DeviceTokens {
  readonly #options: TokenOptions;
  readonly #book: DeviceBook;

  constructor(options: TokenOptions, book: DeviceBook) {
    this.#options = options;
    this.#book = book;
  }

  ensure(deviceId: string, role: string, scopes: readonly string[]): IssuedDeviceToken | undefined {
    const entry = this.#book.entries.get(deviceId);
    if (!entry?.row.roles.includes(role)) {
      throw new BarnacleError("NOT_PAIRED", `the device is not paired as ${role}`, { details: { deviceId, role } });
    }
    const known = entry.tokens.get(role);
    if (known && known.revokedAtMs === undefined && coversScopes(known.scopes, scopes)) return undefined;
    const all = [...new Set([...(known?.revokedAtMs === undefined ? (known?.scopes ?? []) : []), ...scopes])];
    return this.#mint(entry, { role, scopes: all, createdAtMs: this.#options.clock.now() });
  }

  /** A new token whatever there was: the device has not the old one. */
  issue(deviceId: string, role: string, scopes: readonly string[], by: Principal): IssuedDeviceToken {
    return this.#mint(this.#need(deviceId, role), { role, scopes, createdAtMs: this.#options.clock.now() }, by);
  }

  verify(deviceId: string, role: string, token: string): boolean {
    const entry = this.#book.entries.get(deviceId);
    const known = entry?.tokens.get(role);
    const same = timingSafeEqual(digest(token), Buffer.from(known?.hash ?? "0".repeat(64), "hex"));
    if (!same || !entry || !known || entry.row.blocked || known.revokedAtMs !== undefined) return false;
    entry.tokens.set(role, { ...known, lastUsedAtMs: this.#options.clock.now() });
    entry.refresh();
    return true;
  }

  /** @throws DEVICE_UNKNOWN, FORBIDDEN when `scopes` go beyond what the device was granted */
  rotate(deviceId: string, role: string, scopes: readonly string[] | undefined, by: Principal): IssuedDeviceToken {
    const entry = this.#need(deviceId, role);
    const known = entry.tokens.get(role);
    const excess = scopes?.find((scope) => !coversScopes(entry.row.scopes, [scope]));
    if (excess !== undefined) {
      throw new BarnacleError("FORBIDDEN", `the device was not granted the scope ${excess}`, {
        hint: "Let the device connect with that scope and approve its request.",
      });
    }
    const now = this.#options.clock.now();
    const minted = this.#mint(
      entry,
      {
        role,
        scopes: scopes ?? known?.scopes ?? entry.row.scopes,
        createdAtMs: known?.createdAtMs ?? now,
        rotatedAtMs: now,
      },
      by,
    );
    this.#book.events.emit("revoked", { deviceId, role, reason: "token rotated" });
    return minted;
  }

  revoke(deviceId: string, role: string, by: Principal): DeviceToken {
    const entry = this.#need(deviceId, role);
    const known = entry.tokens.get(role);
    if (!known) throw new BarnacleError("NOT_FOUND", `the device has no token for ${role}`);
    const revoked: StoredToken = { ...known, revokedAtMs: known.revokedAtMs ?? this.#options.clock.now() };
    this.#put(entry, revoked, { action: "token revoked", role }, by);
    this.#book.events.emit("revoked", { deviceId, role, reason: "token revoked" });
    return withoutHash(revoked);
  }

  /** The device lost the role. */
  forget(deviceId: string, role: string): void {
    this.#options.store.run("DELETE FROM device_tokens WHERE device_id = ? AND role = ?", deviceId, role);
    this.#book.entries.get(deviceId)?.tokens.delete(role);
  }

  #need(deviceId: string, role: string): Entry {
    const entry = this.#book.need(deviceId);
    if (entry.row.roles.includes(role)) return entry;
    throw new BarnacleError("DEVICE_UNKNOWN", `the device has no role ${role}`, { details: { deviceId, role } });
  }

  #mint(entry: Entry, about: DeviceToken, by?: Principal): IssuedDeviceToken {
    const token = this.#options.random.bytes(16).toString("hex");
    const stored: StoredToken = { ...about, hash: digest(token).toString("hex") };
    const action = about.rotatedAtMs === undefined ? "token made" : "token rotated";
    this.#put(entry, stored, { action, role: about.role, scopes: about.scopes }, by);
    return { token, entry: withoutHash(stored) };
  }

  #put(entry: Entry, token: StoredToken, data: Record<string, unknown>, by?: Principal): void {
    const { store, audit } = this.#options;
    const { deviceId } = entry.row;
    store.transaction(() => {
      store.run(
        `INSERT OR REPLACE INTO device_tokens
           (device_id, role, scopes, hash, created_at, rotated_at, revoked_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        deviceId,
        token.role,
        JSON.stringify(token.scopes),
        token.hash,
        token.createdAtMs,
        token.rotatedAtMs ?? null,
        token.revokedAtMs ?? null,
        token.lastUsedAtMs ?? null,
      );
      audit.record({ kind: "pairing", principal: by ?? { kind: "operator", id: deviceId }, subject: deviceId, data });
    });
    entry.tokens.set(token.role, token);
    entry.refresh();
    this.#book.changed(entry);
  }
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
