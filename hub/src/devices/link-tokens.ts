import { linkTokenHash, type MqttProof, verifyMqttProof } from "@barnacle/protocol/identity";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { AuditTrail } from "../audit/index.ts";
import type { LinkTokenState, Principal } from "../services.ts";
import type { Store } from "../store/index.ts";
import type { DeviceBook } from "./book.ts";
import type { Entry } from "./entry.ts";
import { text } from "./row.ts";

/** A token that is older is replaced at the node's next connection. */
const ROTATE_AFTER_MS = 90 * 24 * 60 * 60_000;

/** What is kept of a node's token. */
export interface StoredLinkToken {
  /** The one that the node is known to have; undefined before its first use. */
  readonly hash?: string;
  readonly since?: number;
  /** Told, and not used yet. */
  readonly nextHash?: string;
  readonly wantedAt?: number;
  readonly revokedAt?: number;
}

export interface LinkTokenOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: Pick<AuditTrail, "record">;
  readonly site: string;
}

/**
 * Tokens with which our own nodes connect, beside their key: a copy of the key alone, or of an old card, is not enough.
 * A new token is on disk as a hash before it is told; the old one ends when the node connects with the new one and not
 * before, so neither side can be cut off wherever the power goes.
 */
export class LinkTokens {
  readonly #options: LinkTokenOptions;
  readonly #book: DeviceBook;

  constructor(options: LinkTokenOptions, book: DeviceBook) {
    this.#options = options;
    this.#book = book;
  }

  load(): void {
    for (const row of this.#options.store.all("SELECT * FROM link_tokens")) {
      const entry = this.#book.entries.get(String(row.device_id));
      if (!entry) continue;
      entry.linkToken = {
        ...{ hash: text(row.hash), nextHash: text(row.next_hash), since: time(row.since) },
        ...{ wantedAt: time(row.wanted_at), revokedAt: time(row.revoked_at) },
      };
    }
  }

  /** The first token, told again until it is used; undefined when the node is known to have one. */
  first(entry: Entry): string | undefined {
    if (entry.linkToken?.hash !== undefined) return undefined;
    return this.#mint(entry, {});
  }

  /** Which token a proof was made with; `none` is enough as long as no token was ever used. */
  proven(entry: Entry, proof: MqttProof): "none" | "current" | "next" | undefined {
    const { deviceId, publicKey } = entry.row;
    const { hash, nextHash } = entry.linkToken ?? {};
    const fits = (tokenHash?: string) => verifyMqttProof(proof, this.#options.site, deviceId, publicKey, tokenHash);
    if (nextHash !== undefined && fits(nextHash)) return "next";
    if (hash !== undefined) return fits(hash) ? "current" : undefined;
    return fits() ? "none" : undefined;
  }

  /** The node has connected with the new token: the old one ends. Within the caller's transaction. */
  writeConfirmed(entry: Entry): StoredLinkToken {
    const next = { hash: entry.linkToken?.nextHash, since: this.#options.clock.now() };
    this.#write(entry.row.deviceId, next);
    return next;
  }

  /** A new token is to be told as soon as the node is there. */
  want(entry: Entry, by: Principal): void {
    this.#put(entry, { ...entry.linkToken, wantedAt: this.#options.clock.now() }, "token rotation wanted", by);
  }

  /** For a node that has just come: the token to tell it, if it is to have a new one. */
  due(entry: Entry): string | undefined {
    const { hash, since = 0, wantedAt } = entry.linkToken ?? {};
    const old = hash !== undefined && this.#options.clock.now() - since > ROTATE_AFTER_MS;
    if (wantedAt === undefined && !old) return undefined;
    return this.#mint(entry, { wantedAt: wantedAt ?? this.#options.clock.now() });
  }

  revoke(entry: Entry, by: Principal): void {
    this.#put(entry, { revokedAt: this.#options.clock.now() }, "token revoked", by);
  }

  /** It was let in anew. Within the caller's transaction; the entry is told by `forget`. */
  writeForgotten(deviceId: string): void {
    this.#options.store.run("DELETE FROM link_tokens WHERE device_id = ?", deviceId);
  }

  #mint(entry: Entry, patch: StoredLinkToken): string {
    const { store, random } = this.#options;
    const token = random.bytes(32).toString("base64url");
    const next = { ...entry.linkToken, ...patch, nextHash: linkTokenHash(token) };
    store.transaction(() => this.#write(entry.row.deviceId, next));
    entry.linkToken = next;
    return token;
  }

  #put(entry: Entry, token: StoredLinkToken, action: string, by: Principal): void {
    const { deviceId } = entry.row;
    this.#options.store.transaction(() => {
      this.#write(deviceId, token);
      this.#options.audit.record({ kind: "pairing", principal: by, subject: deviceId, data: { action } });
    });
    entry.linkToken = token;
    this.#book.changed(entry);
  }

  #write(deviceId: string, { hash, since, nextHash, wantedAt, revokedAt }: StoredLinkToken): void {
    this.#options.store.run(
      `INSERT OR REPLACE INTO link_tokens (device_id, hash, since, next_hash, wanted_at, revoked_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
      ...([deviceId, hash ?? null, since ?? null, nextHash ?? null, wantedAt ?? null, revokedAt ?? null] as const),
    );
  }
}

/** As operators see it. */
export function tokenState(token: StoredLinkToken | undefined): LinkTokenState | undefined {
  if (!token) return undefined;
  const { hash, since, wantedAt, revokedAt } = token;
  const state = revokedAt !== undefined ? "revoked" : hash === undefined ? "unused" : "used";
  return {
    state,
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(wantedAt === undefined ? {} : { rotationWantedAtMs: wantedAt }),
    ...(revokedAt === undefined ? {} : { revokedAtMs: revokedAt }),
  };
}

function time(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
