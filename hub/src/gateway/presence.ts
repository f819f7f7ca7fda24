import type { PresenceEntry } from "@barnacle/protocol/gateway";
import type { Clock } from "@barnacle/protocol/runtime";

/** An entry of somebody who left is shown this long. */
const GONE_TTL_MS = 5 * 60_000;
const MOST = 200;

export interface PresenceFacts {
  readonly host?: string | undefined;
  readonly ip?: string | undefined;
  readonly version?: string | undefined;
  readonly platform?: string | undefined;
  readonly deviceFamily?: string | undefined;
  readonly modelIdentifier?: string | undefined;
  readonly mode?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly roles?: readonly string[];
  readonly scopes?: readonly string[];
  readonly instanceId?: string | undefined;
  readonly lastInputSeconds?: number | undefined;
  readonly tags?: readonly string[] | undefined;
}

interface Held {
  entry: PresenceEntry;
  /** Connections it stands for; at 0 it fades. */
  live: number;
}

/** Who is there: the gateway itself, its clients and nodes. One entry per device, however many connections it has. */
export class Presence {
  readonly #clock: Clock;
  readonly #self: PresenceEntry;
  readonly #told: () => void;
  readonly #held = new Map<string, Held>();
  #version = 1;

  /** @param options.told called when somebody said something about themselves */
  constructor(options: {
    clock: Clock;
    self: {
      readonly host: string;
      readonly version: string;
      readonly platform: string;
      readonly ip?: string;
      readonly deviceFamily?: string;
      readonly modelIdentifier?: string;
    };
    told?: () => void;
  }) {
    const { host, version, platform, ip, deviceFamily, modelIdentifier } = options.self;
    this.#clock = options.clock;
    this.#told = options.told ?? (() => {});
    this.#self = {
      text: `Gateway: ${host} (${ip ?? "local"}) · app ${version} · mode gateway · reason self`,
      ts: 0,
      host,
      version,
      platform,
      mode: "gateway",
      reason: "self",
      ...(ip === undefined ? {} : { ip }),
      ...(deviceFamily === undefined ? {} : { deviceFamily }),
      ...(modelIdentifier === undefined ? {} : { modelIdentifier }),
    };
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Newest first, the gateway itself on top. */
  list(): PresenceEntry[] {
    this.#prune();
    const others = [...this.#held.values()].map((held) => held.entry).sort((a, b) => b.ts - a.ts);
    return [{ ...this.#self, ts: this.#clock.now() }, ...others].slice(0, MOST);
  }

  /** Roles and scopes of one device add up over its connections. */
  join(key: string, facts: PresenceFacts): void {
    const held = this.#held.get(key.toLowerCase());
    const before = held?.live ? held.entry : undefined;
    const entry = entryOf(facts, "connect", this.#clock.now());
    const merged: PresenceEntry = {
      ...entry,
      ...union("roles", before?.roles, facts.roles),
      ...union("scopes", before?.scopes, facts.scopes),
    };
    this.#held.set(key.toLowerCase(), { entry: merged, live: (held?.live ?? 0) + 1 });
    this.#version++;
  }

  /** What a client says of itself or of another, in its own words; it fades unless it is connected or said again. */
  tell(key: string, facts: PresenceFacts & { reason?: string | undefined }, text: string): void {
    const held = this.#held.get(key.toLowerCase());
    const { text: _, ...entry } = entryOf(facts, facts.reason ?? "periodic", this.#clock.now());
    const before = held?.entry;
    const added = { ...union("roles", before?.roles, facts.roles), ...union("scopes", before?.scopes, facts.scopes) };
    this.#held.set(key.toLowerCase(), { entry: { ...before, ...entry, ...added, text }, live: held?.live ?? 0 });
    this.#version++;
    this.#told();
  }

  /** @returns false when it still has another connection, or was not there */
  leave(key: string): boolean {
    const held = this.#held.get(key.toLowerCase());
    if (!held || held.live === 0) return false;
    held.live -= 1;
    if (held.live > 0) return false;
    const { text, ...facts } = held.entry;
    held.entry = entryOf(facts, "disconnect", this.#clock.now());
    this.#version++;
    return true;
  }

  /** True while somebody of this key is connected. */
  here(key: string): boolean {
    return (this.#held.get(key.toLowerCase())?.live ?? 0) > 0;
  }

  #prune(): void {
    const limit = this.#clock.now() - GONE_TTL_MS;
    for (const [key, held] of this.#held) if (held.live === 0 && held.entry.ts < limit) this.#held.delete(key);
  }
}

function entryOf(facts: PresenceFacts, reason: string, now: number): PresenceEntry {
  const { host, ip, version, mode } = facts;
  const text = `Node: ${host ?? "unknown"}${ip ? ` (${ip})` : ""}${version ? ` · app ${version}` : ""} · mode ${mode ?? "unknown"} · reason ${reason}`;
  const known = Object.entries(facts).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : typeof value === "number" || (typeof value === "string" && value !== ""),
  );
  return { ...(Object.fromEntries(known) as Omit<PresenceEntry, "ts">), text, reason, ts: now };
}

function union(name: "roles" | "scopes", a: readonly string[] = [], b: readonly string[] = []) {
  const all = [...new Set([...a, ...b])].sort();
  return all.length === 0 ? {} : { [name]: all };
}
