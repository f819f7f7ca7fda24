import { BarnacleError } from "@barnacle/protocol/errors";
import { parseMqttPassword } from "@barnacle/protocol/identity";
import type { NodeState } from "@barnacle/protocol/mqtt";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Store } from "../store/index.ts";
import type { DeviceBook } from "./book.ts";
import type { Entry } from "./entry.ts";
import type { LinkTokens } from "./link-tokens.ts";
import { SILENCE_MS } from "./links.ts";

export interface PresenceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly site: string;
}

/** Who is there: admits MQTT connections and turns births, wills, lost sockets and silence into one event per change. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #book: DeviceBook;
  readonly #tokens: LinkTokens;
  /** Devices whose last-seen time or telemetry is newer in memory than on disk. */
  readonly #unsaved = new Set<string>();

  constructor(options: PresenceOptions, book: DeviceBook, tokens: LinkTokens) {
    this.#options = options;
    this.#book = book;
    this.#tokens = tokens;
  }

  /** @throws NOT_PAIRED, PROOF_INVALID, DEVICE_BLOCKED */
  async admit(deviceId: string, password: string, remoteIp: string): Promise<Entry> {
    const entry = this.#book.entries.get(deviceId);
    if (!entry?.row.roles.includes("node")) {
      throw new BarnacleError("NOT_PAIRED", `no node is paired under the id ${deviceId}`);
    }
    const proof = parseMqttPassword(password);
    const { incarnation } = proof;
    if (entry.linkToken?.revokedAt !== undefined) {
      throw new BarnacleError("NOT_PAIRED", `the token of ${entry.record.displayName} was revoked`);
    }
    const proven = this.#tokens.proven(entry, proof);
    if (!proven || !Number.isSafeInteger(incarnation)) {
      const token = entry.linkToken?.hash === undefined ? "" : " and its present token";
      throw new BarnacleError(
        "PROOF_INVALID",
        `the proof was not made with the key of this device${token} for this site`,
      );
    }
    if (entry.row.blocked) throw new BarnacleError("DEVICE_BLOCKED", `${entry.record.displayName} is blocked`);
    const told = entry.linkToken;
    const { grown, token } = await this.#options.store.commitSoon(() => {
      const newer =
        this.#options.store.run(
          `INSERT INTO device_incarnations (device_id, incarnation) VALUES (?, ?)
             ON CONFLICT (device_id) DO UPDATE SET incarnation = excluded.incarnation
             WHERE excluded.incarnation > device_incarnations.incarnation`,
          deviceId,
          incarnation,
        ) === 1;
      const confirms = newer && proven === "next" && entry.linkToken === told;
      return { grown: newer, token: confirms ? this.#tokens.writeConfirmed(entry) : undefined };
    });
    if (!grown) {
      throw new BarnacleError(
        "PROOF_INVALID",
        `incarnation ${incarnation} was used before; a larger one than ${entry.incarnation} was expected`,
        { details: { deviceId, incarnation, newest: entry.incarnation } },
      );
    }
    const now = this.#book.entries.get(deviceId);
    if (now !== entry || entry.row.blocked) {
      throw new BarnacleError("NOT_PAIRED", "the device was removed or blocked in the meantime");
    }
    if (token && entry.linkToken === told) entry.linkToken = token;
    entry.incarnation = Math.max(entry.incarnation, incarnation);
    entry.links.supersede(incarnation);
    if (entry.row.remoteIp !== remoteIp) entry.row = { ...entry.row, remoteIp };
    this.#seen(entry);
    return entry;
  }

  setState(deviceId: string, state: NodeState, transport: "mqtt" | "websocket"): void {
    const entry = this.#book.entries.get(deviceId);
    if (!entry || entry.row.blocked) return;
    const { clock } = this.#options;
    this.#watch(entry, state.reason ?? state.status, () => {
      if (state.status === "offline") entry.links.close(state.incarnation, transport);
      else if (!entry.links.open(transport, state.incarnation, clock.now(), clock.monotonic())) return;
      this.#seen(entry);
    });
  }

  disconnected(deviceId: string, incarnation: number | undefined, reason: string): void {
    const entry = this.#book.entries.get(deviceId);
    if (entry) this.#watch(entry, reason, () => entry.links.close(incarnation));
  }

  /** A sign of life: a node that had fallen silent is back. */
  touch(entry: Entry): void {
    this.#watch(entry, "heard again", () => {
      entry.links.heard(this.#options.clock.monotonic());
      this.#seen(entry);
    });
  }

  /** Nodes silent for too long go offline. */
  expire(): void {
    const now = this.#options.clock.monotonic();
    for (const entry of this.#book.entries.values()) {
      this.#watch(entry, `nothing heard for ${SILENCE_MS / 1000} s`, () => entry.links.expire(now));
    }
  }

  /** Writes last-seen times, token uses and telemetry, all in one cheap transaction. */
  flush(): void {
    if (this.#unsaved.size === 0) return;
    const { store } = this.#options;
    store.relaxed(() => {
      for (const deviceId of this.#unsaved) {
        const entry = this.#book.entries.get(deviceId);
        if (!entry) continue;
        const { lastSeenMs, telemetry, telemetryAtMs, row } = entry;
        store.run(
          "UPDATE devices SET last_seen = ?, remote_ip = ? WHERE device_id = ?",
          lastSeenMs ?? null,
          row.remoteIp ?? null,
          deviceId,
        );
        for (const token of entry.tokens.values()) {
          store.run(
            "UPDATE device_tokens SET last_used_at = ? WHERE device_id = ? AND role = ?",
            token.lastUsedAtMs ?? null,
            deviceId,
            token.role,
          );
        }
        if (!telemetry || telemetryAtMs === undefined) continue;
        store.run(
          "INSERT OR REPLACE INTO device_telemetry (device_id, at, body) VALUES (?, ?, ?)",
          deviceId,
          telemetryAtMs,
          JSON.stringify(telemetry),
        );
      }
    });
    this.#unsaved.clear();
  }

  #seen(entry: Entry): void {
    entry.lastSeenMs = this.#options.clock.now();
    entry.refresh();
    this.#unsaved.add(entry.row.deviceId);
  }

  /** Runs `change` and tells once when it made the device appear or vanish. */
  #watch(entry: Entry, reason: string, change: () => void): void {
    const before = entry.links.online;
    change();
    const online = entry.links.online;
    if (online === before) return;
    entry.refresh();
    this.#book.events.emit("presence", { device: entry.record, online, reason });
  }
}
