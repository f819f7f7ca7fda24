import type { BoardTelemetry } from "@barnacle/protocol/schema";
import type { DeviceRecord, DeviceToken } from "../services.ts";
import { type StoredLinkToken, tokenState } from "./link-tokens.ts";
import { Links } from "./links.ts";
import type { DeviceRow } from "./row.ts";

export interface StoredToken extends DeviceToken {
  /** SHA-256 hex of the token. */
  readonly hash: string;
}

/** One device in memory: what is stored of it, and what only this run of the hub knows. */
export class Entry {
  readonly tokens = new Map<string, StoredToken>();
  readonly links: Links;
  /** The newest incarnation that was admitted over MQTT. */
  incarnation: number;
  lastSeenMs: number | undefined;
  telemetry: BoardTelemetry | undefined;
  telemetryAtMs: number | undefined;
  #row: DeviceRow;
  #record: DeviceRecord | undefined;
  #linkToken: StoredLinkToken | undefined;

  constructor(row: DeviceRow, incarnation: number) {
    this.#row = row;
    this.incarnation = incarnation;
    this.links = new Links(incarnation);
  }

  get row(): DeviceRow {
    return this.#row;
  }

  set row(row: DeviceRow) {
    this.#row = row;
    this.#record = undefined;
  }

  get linkToken(): StoredLinkToken | undefined {
    return this.#linkToken;
  }

  set linkToken(token: StoredLinkToken | undefined) {
    this.#linkToken = token;
    this.#record = undefined;
  }

  /** To be called after any change but that of `row` and `linkToken`. */
  refresh(): void {
    this.#record = undefined;
  }

  /** An unchanging picture of the device; the same object until something changes. */
  get record(): DeviceRecord {
    this.#record ??= picture(this);
    return this.#record;
  }
}

function picture(entry: Entry): DeviceRecord {
  const { row } = entry;
  const link = entry.links.current;
  return {
    deviceId: row.deviceId,
    publicKey: row.publicKey,
    displayName: row.givenName ?? row.manifest?.name ?? row.ownName ?? row.deviceId.slice(0, 12),
    roles: row.roles,
    scopes: row.scopes,
    tokens: [...entry.tokens.values()].map(withoutHash).sort((a, b) => (a.role < b.role ? -1 : 1)),
    room: row.givenRoom ?? row.manifest?.room ?? row.ownRoom,
    platform: row.manifest?.platform ?? row.platform,
    deviceFamily: row.manifest?.deviceFamily ?? row.deviceFamily,
    clientId: row.clientId,
    clientMode: row.clientMode,
    remoteIp: row.remoteIp,
    blocked: row.blocked,
    createdAtMs: row.createdAtMs,
    approvedAtMs: row.approvedAtMs,
    approvedBy: row.approvedBy,
    lastSeenMs: entry.lastSeenMs,
    online: entry.links.online,
    transport: link?.transport,
    connectedAtMs: link?.sinceMs,
    incarnation: link?.transport === "mqtt" ? link.incarnation : entry.incarnation || undefined,
    manifest: row.manifest,
    unapprovedCommands: unapproved(row),
    approvalState: approvalState(row),
    telemetry: entry.telemetry,
    telemetryAtMs: entry.telemetryAtMs,
    linkToken: tokenState(entry.linkToken),
  };
}

export function withoutHash({ hash: _, ...token }: StoredToken): DeviceToken {
  return token;
}

function approvalState(row: DeviceRow): DeviceRecord["approvalState"] {
  if (!row.roles.includes("node")) return undefined;
  if (!unapproved(row)) return "approved";
  return row.approvedCommands?.length ? "pending-reapproval" : "pending-approval";
}

/** Commands in the manifest that no operator approved; undefined when there are none. */
function unapproved(row: DeviceRow): readonly string[] | undefined {
  if (!row.manifest || !row.approvedCommands) return undefined;
  const approved = new Set(row.approvedCommands);
  const names = row.manifest.commands.map((command) => command.name).filter((name) => !approved.has(name));
  return names.length === 0 ? undefined : names;
}
