import { BarnacleError } from "@barnacle/protocol/errors";
import { Events } from "@barnacle/protocol/runtime";
import type { AuditTrail } from "../audit/index.ts";
import type { AuditEntry, DeviceEvents, Principal } from "../services.ts";
import type { Row, Store } from "../store/index.ts";
import { Entry } from "./entry.ts";
import { type DeviceRow, deviceFromRow, saveDevice } from "./row.ts";

/** Who acts when nobody in particular does. */
export const HUB: Principal = { kind: "system", id: "hub" };

/** The devices in memory and on disk. Every change goes to disk, with its audit record, before it shows in memory. */
export class DeviceBook {
  readonly events = new Events<DeviceEvents>();
  readonly entries = new Map<string, Entry>();
  readonly #store: Store;
  readonly #audit: Pick<AuditTrail, "record">;

  constructor(store: Store, audit: Pick<AuditTrail, "record">) {
    this.#store = store;
    this.#audit = audit;
  }

  load(): void {
    this.entries.clear();
    const incarnations = new Map(
      this.#store.all("SELECT * FROM device_incarnations").map((r) => [r.device_id, Number(r.incarnation)]),
    );
    for (const row of this.#store.all("SELECT * FROM devices")) {
      const entry = new Entry(deviceFromRow(row), incarnations.get(String(row.device_id)) ?? 0);
      entry.lastSeenMs = number(row.last_seen);
      this.entries.set(entry.row.deviceId, entry);
    }
    for (const row of this.#store.all("SELECT * FROM device_telemetry")) {
      const entry = this.entries.get(String(row.device_id));
      if (entry) Object.assign(entry, { telemetry: JSON.parse(String(row.body)), telemetryAtMs: Number(row.at) });
    }
    for (const row of this.#store.all("SELECT * FROM device_tokens")) {
      this.entries.get(String(row.device_id))?.tokens.set(String(row.role), {
        role: String(row.role),
        scopes: JSON.parse(String(row.scopes)),
        hash: String(row.hash),
        createdAtMs: Number(row.created_at),
        rotatedAtMs: number(row.rotated_at),
        revokedAtMs: number(row.revoked_at),
        lastUsedAtMs: number(row.last_used_at),
      });
    }
  }

  /** @throws DEVICE_UNKNOWN */
  need(deviceId: string): Entry {
    const entry = this.entries.get(deviceId);
    if (entry) return entry;
    throw new BarnacleError("DEVICE_UNKNOWN", `no device has the id ${deviceId}`, { details: { deviceId } });
  }

  /**
   * Stores a new device or a changed one, with the audit record of the change if it is one to keep.
   * @throws AUDIT_UNWRITABLE, STATE_UNWRITABLE
   */
  put(row: DeviceRow, audit?: AuditEntry): Entry {
    this.#store.transaction(() => this.write(row, audit));
    return this.keep(row);
  }

  /**
   * Changes a device together with whatever else is stored in these milliseconds.
   * @throws STATE_UNWRITABLE; then the device is as it was
   */
  async putSoon(entry: Entry, patch: Partial<DeviceRow>): Promise<void> {
    const before = entry.row;
    try {
      await this.#store.commitSoon(() => {
        if (this.entries.get(entry.row.deviceId) !== entry) return;
        entry.row = { ...entry.row, ...patch };
        saveDevice(this.#store, entry.row);
      });
    } catch (error) {
      entry.row = { ...entry.row, manifest: before.manifest, approvedCommands: before.approvedCommands };
      throw error;
    }
  }

  /** Within the caller's transaction; `keep` follows when that has succeeded. */
  write(row: DeviceRow, audit?: AuditEntry): void {
    saveDevice(this.#store, row);
    if (audit) this.#audit.record(audit);
  }

  keep(row: DeviceRow): Entry {
    const entry = this.entries.get(row.deviceId) ?? new Entry(row, this.#incarnationOf(row.deviceId));
    entry.row = row;
    this.entries.set(row.deviceId, entry);
    return entry;
  }

  remove(deviceId: string, audit: AuditEntry): void {
    this.#store.transaction(() => {
      this.#store.run("DELETE FROM pairing_requests WHERE device_id = ?", deviceId);
      this.#store.run("DELETE FROM devices WHERE device_id = ?", deviceId);
      this.#audit.record(audit);
    });
    this.entries.delete(deviceId);
  }

  #incarnationOf(deviceId: string): number {
    const row = this.#store.one("SELECT incarnation FROM device_incarnations WHERE device_id = ?", deviceId);
    return Number(row?.incarnation ?? 0);
  }

  changed(entry: Entry): void {
    this.events.emit("changed", { device: entry.record });
  }
}

function number(value: Row[string] | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
