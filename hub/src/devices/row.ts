import type { CapabilityManifest } from "@barnacle/protocol/schema";
import type { Row, Store } from "../store/index.ts";

/** What is stored of a device. `given…` is the operator's word and wins over the device's own. */
export interface DeviceRow {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly ownName?: string;
  readonly givenName?: string;
  readonly ownRoom?: string;
  readonly givenRoom?: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly platform?: string;
  readonly deviceFamily?: string;
  readonly clientId?: string;
  readonly clientMode?: string;
  readonly remoteIp?: string;
  readonly blocked: boolean;
  readonly createdAtMs: number;
  readonly approvedAtMs: number;
  readonly approvedBy: string;
  readonly manifest?: CapabilityManifest;
  /** Absent until the first manifest when the approval named no commands. */
  readonly approvedCommands?: readonly string[];
}

const UPSERT = `
  INSERT INTO devices (device_id, public_key, own_name, given_name, own_room, given_room, roles, scopes, platform,
    client_id, client_mode, remote_ip, blocked, created_at, approved_at, approved_by, manifest, approved_commands, device_family)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (device_id) DO UPDATE SET public_key = excluded.public_key, own_name = excluded.own_name,
    given_name = excluded.given_name, own_room = excluded.own_room, given_room = excluded.given_room,
    roles = excluded.roles, scopes = excluded.scopes, platform = excluded.platform, client_id = excluded.client_id,
    client_mode = excluded.client_mode, remote_ip = excluded.remote_ip, blocked = excluded.blocked,
    approved_at = excluded.approved_at, approved_by = excluded.approved_by, manifest = excluded.manifest,
    approved_commands = excluded.approved_commands, device_family = excluded.device_family`;

export function saveDevice(store: Store, row: DeviceRow): void {
  store.run(
    UPSERT,
    row.deviceId,
    row.publicKey,
    row.ownName ?? null,
    row.givenName ?? null,
    row.ownRoom ?? null,
    row.givenRoom ?? null,
    JSON.stringify(row.roles),
    JSON.stringify(row.scopes),
    row.platform ?? null,
    row.clientId ?? null,
    row.clientMode ?? null,
    row.remoteIp ?? null,
    row.blocked ? 1 : 0,
    row.createdAtMs,
    row.approvedAtMs,
    row.approvedBy,
    json(row.manifest),
    json(row.approvedCommands),
    row.deviceFamily ?? null,
  );
}

export function deviceFromRow(row: Row): DeviceRow {
  return {
    deviceId: String(row.device_id),
    publicKey: String(row.public_key),
    ownName: text(row.own_name),
    givenName: text(row.given_name),
    ownRoom: text(row.own_room),
    givenRoom: text(row.given_room),
    roles: JSON.parse(String(row.roles)),
    scopes: JSON.parse(String(row.scopes)),
    platform: text(row.platform),
    deviceFamily: text(row.device_family),
    clientId: text(row.client_id),
    clientMode: text(row.client_mode),
    remoteIp: text(row.remote_ip),
    blocked: row.blocked === 1,
    createdAtMs: Number(row.created_at),
    approvedAtMs: Number(row.approved_at),
    approvedBy: String(row.approved_by),
    manifest: parsed(row.manifest),
    approvedCommands: parsed(row.approved_commands),
  };
}

export function text(value: Row[string] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function parsed<T>(value: Row[string] | undefined): T | undefined {
  return typeof value === "string" ? (JSON.parse(value) as T) : undefined;
}
