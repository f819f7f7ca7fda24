import { createHash } from "node:crypto";
import { BarnacleError } from "@barnacle/protocol/errors";
import type {
  DeviceRecord,
  DeviceSetup,
  DeviceSetups,
  GatewayPairing,
  IssuedDeviceToken,
  Principal,
  SetupCompletion,
  SetupGrant,
  SetupProfile,
} from "../services.ts";
import type { Row } from "../store/index.ts";
import type { DeviceBook } from "./book.ts";
import type { Pairing, PairingOptions } from "./pairing.ts";
import type { DeviceTokens } from "./tokens.ts";

const LIFETIME_MS = 10 * 60_000;
/** How long it can be asked who came in by one. */
const KEPT_MS = 24 * 60 * 60_000;

/** Setup codes for gateway clients. The token has 256 random bits; what is kept of it is a hash. */
export class StoredDeviceSetups implements DeviceSetups {
  readonly #options: Pick<PairingOptions, "store" | "clock" | "random" | "audit">;
  readonly #book: DeviceBook;
  readonly #pairing: Pairing;
  readonly #tokens: DeviceTokens;

  constructor(
    options: Pick<PairingOptions, "store" | "clock" | "random" | "audit">,
    parts: { book: DeviceBook; pairing: Pairing; tokens: DeviceTokens },
  ) {
    this.#options = options;
    this.#book = parts.book;
    this.#pairing = parts.pairing;
    this.#tokens = parts.tokens;
  }

  async create({ profile, by }: { profile: SetupProfile; by: Principal }) {
    const { store, clock, random, audit } = this.#options;
    const now = clock.now();
    const setupId = random.uuid();
    const bootstrapToken = random.bytes(32).toString("base64url");
    const expiresAtMs = now + LIFETIME_MS;
    store.transaction(() => {
      store.run("DELETE FROM device_setups WHERE expires_at < ?", now - KEPT_MS);
      store.run(
        "INSERT INTO device_setups (setup_id, hash, profile, created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        setupId,
        hashOf(bootstrapToken),
        profile,
        by.id,
        now,
        expiresAtMs,
      );
      const data = { action: "created", setupId, profile, expiresAtMs };
      audit.record({ kind: "pairing", principal: by, subject: "device-setup", data });
    });
    return { setupId, bootstrapToken, profile, expiresAtMs };
  }

  check(bootstrapToken: string, deviceId: string): DeviceSetup | undefined {
    const row = this.#options.store.one(
      "SELECT * FROM device_setups WHERE hash = ? AND expires_at > ? AND (used_by IS NULL OR used_by = ?)",
      hashOf(bootstrapToken),
      this.#options.clock.now(),
      deviceId,
    );
    return row && setupOf(row);
  }

  completion(setupId: string): SetupCompletion | undefined {
    const row = this.#options.store.one(
      "SELECT * FROM device_setups WHERE setup_id = ? AND used_by IS NOT NULL",
      setupId,
    );
    if (!row) return undefined;
    const deviceId = String(row.used_by);
    const deviceName = this.#book.entries.get(deviceId)?.record.displayName;
    const { profile } = setupOf(row);
    return { setupId, profile, deviceId, ...(deviceName === undefined ? {} : { deviceName }), ts: Number(row.used_at) };
  }

  async redeem(
    bootstrapToken: string,
    pairing: GatewayPairing,
    grants: readonly SetupGrant[],
  ): Promise<{ device: DeviceRecord; tokens: readonly IssuedDeviceToken[] }> {
    const { store, clock } = this.#options;
    const { deviceId } = pairing;
    const by: Principal = { kind: pairing.role === "node" ? "node" : "operator", id: deviceId };
    const done = store.transaction(() => {
      const setup = this.check(bootstrapToken, deviceId);
      if (!setup) throw new BarnacleError("PAIRING_CODE_WRONG", "the setup code is wrong, used or expired");
      const used = [clock.now(), deviceId, setup.setupId] as const;
      store.run("UPDATE device_setups SET used_at = ?, used_by = ? WHERE setup_id = ?", ...used);
      const granted = grants.length === 0 ? undefined : this.#pairing.writeGranted(pairing, { ...setup, by }, grants);
      return { setup, granted };
    });
    done.granted?.keep();
    const roles = grants.length > 0 ? grants : [{ role: pairing.role, scopes: pairing.scopes }];
    const tokens = roles.map(({ role, scopes }) => this.#tokens.issue(deviceId, role, scopes, by));
    const completed = this.completion(done.setup.setupId);
    if (completed) this.#book.events.emit("setupCompleted", completed);
    return { device: this.#book.need(deviceId).record, tokens };
  }
}

function setupOf(row: Row): DeviceSetup {
  return {
    setupId: String(row.setup_id),
    profile: String(row.profile) as SetupProfile,
    expiresAtMs: Number(row.expires_at),
  };
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
