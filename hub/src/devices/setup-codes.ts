import { createHash } from "node:crypto";
import { coversScopes, SCOPES } from "@barnacle/protocol/gateway";
import { normaliseSetupCode } from "@barnacle/protocol/identity";
import { SETUP_ALPHABET, SETUP_SECRET_LETTERS } from "@barnacle/protocol/pairing";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { Principal } from "../services.ts";
import type { Store } from "../store/index.ts";
import { text } from "./row.ts";

const DEFAULT_TTL_MS = 10 * 60_000;

/** Single-use codes; only their hashes are kept. */
export class SetupCodes {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(store: Store, clock: Clock, random: Random) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
  }

  /** Within the caller's transaction. @returns the secret; `writeSetupCode` says how it is shown */
  create(options: { ttlMs?: number; room?: string; by: Principal }): { secret: string; expiresAtMs: number } {
    const now = this.#clock.now();
    const letters = Array.from(this.#random.bytes(SETUP_SECRET_LETTERS), (byte) => SETUP_ALPHABET[byte & 31]).join("");
    const expiresAtMs = now + (options.ttlMs ?? DEFAULT_TTL_MS);
    this.#store.run("DELETE FROM setup_codes WHERE expires_at <= ?", now);
    this.#store.run(
      "INSERT INTO setup_codes (hash, room, created_by, by_admin, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
      hashOf(letters),
      options.room ?? null,
      options.by.id,
      coversScopes(options.by.scopes ?? [], [SCOPES.admin]) ? 1 : 0,
      now,
      expiresAtMs,
    );
    return { secret: letters, expiresAtMs };
  }

  /** Within the caller's transaction: uses the code up. @returns undefined when it is wrong, used or expired */
  use(code: string, deviceId: string): { room: string | undefined; byAdmin: boolean } | undefined {
    const now = this.#clock.now();
    const row = this.#store.one(
      "UPDATE setup_codes SET used_at = ?, used_by = ? WHERE hash = ? AND used_at IS NULL AND expires_at > ? RETURNING room, by_admin",
      now,
      deviceId,
      hashOf(code),
      now,
    );
    return row && { room: text(row.room), byAdmin: row.by_admin === 1 };
  }
}

/** Of a code as it is shown, the secret part alone counts. */
function hashOf(code: string): string {
  return createHash("sha256").update(normaliseSetupCode(code).slice(0, SETUP_SECRET_LETTERS)).digest("hex");
}
