import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { checkWanted, mergeLayers, type NodeActual, type NodeWanted, revisionOf } from "@barnacle/protocol/node-config";
import { type Clock, Events, type Log, type Unit } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type {
  ConfigLayer,
  DeviceRecord,
  Devices,
  FleetConfig,
  FleetScope,
  NodeConfigState,
  NodeGroup,
  Principal,
} from "../services.ts";
import type { Store } from "../store/index.ts";
import { Actuals } from "./actuals.ts";
import { Groups } from "./groups.ts";
import { Layers } from "./layers.ts";
import { isOurs, scopeOf, scopesOf } from "./scope.ts";

/** How nodes are reached. */
export interface WantedWire {
  isReady(deviceId: string): boolean;
  send(deviceId: string, wanted: NodeWanted): Promise<void>;
  readonly events: Events<{ ready: { readonly deviceId: string }; gone: { readonly deviceId: string } }>;
}

export interface StoredFleetConfigOptions {
  readonly store: Store;
  readonly devices: Pick<Devices, "get" | "list" | "events">;
  readonly wire: WantedWire;
  readonly clock: Clock;
  readonly log: Log;
}

/** A change that concerns many nodes goes to so many at once. */
const SLICE = 100;
const PAUSE_MS = 50;
const NOTHING = revisionOf({});

/** Layers on disk, one over another, and what nodes made of them. */
export class StoredFleetConfig implements FleetConfig, Unit {
  readonly events = new Events<{ changed: { readonly deviceId: string } }>();
  readonly #options: StoredFleetConfigOptions;
  readonly #layers: Layers;
  readonly #groups: Groups;
  readonly #actuals: Actuals;
  /** What a job tries on nodes before it becomes a layer. */
  readonly #tried = new Map<string, { readonly scope: FleetScope; readonly config: JsonObject }>();
  /** What each connection was sent. */
  readonly #sent = new Map<string, string>();
  readonly #due = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(options: StoredFleetConfigOptions) {
    this.#options = options;
    this.#layers = new Layers(options.store);
    this.#groups = new Groups(options.store);
    this.#actuals = new Actuals(options.store);
  }

  async start(): Promise<void> {
    const { wire, devices } = this.#options;
    this.#layers.load();
    this.#groups.load();
    this.#actuals.load();
    wire.events.on("ready", ({ deviceId }) => this.#ready(deviceId), this);
    wire.events.on("gone", ({ deviceId }) => this.#sent.delete(deviceId), this);
    devices.events.on("changed", ({ device }) => this.#offer(device.deviceId), this);
    devices.events.on("removed", ({ deviceId }) => this.#forget(deviceId), this);
  }

  async stop(): Promise<void> {
    const { wire, devices } = this.#options;
    wire.events.dropOwner(this);
    devices.events.dropOwner(this);
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due.clear();
    this.#sent.clear();
  }

  layers(): readonly ConfigLayer[] {
    return this.#layers.all();
  }

  layer(scope: FleetScope): ConfigLayer {
    return this.#layers.get(this.#named(scope));
  }

  history(scope: FleetScope): readonly ConfigLayer[] {
    return this.#layers.history(this.#named(scope));
  }

  async set(change: {
    readonly scope: FleetScope;
    readonly config: JsonObject;
    readonly replace?: boolean | undefined;
    readonly baseVersion?: number | undefined;
    readonly by: Principal;
  }): Promise<ConfigLayer> {
    const { store, clock } = this.#options;
    const scope = this.#named(change.scope);
    const before = this.#layers.get(scope);
    if (change.baseVersion !== undefined && change.baseVersion !== before.version) {
      throw new BarnacleError("CONFLICT", `${scope} is at version ${before.version}, not ${change.baseVersion}`);
    }
    const config = mergeLayers(change.replace ? [change.config] : [before.config, change.config]);
    checkWanted(config);
    const layer = await store.commit(() => {
      if (this.#layers.get(scope) !== before && before.version > 0) {
        throw new BarnacleError("CONFLICT", `${scope} was changed at the same time`);
      }
      const by = `${change.by.kind}:${change.by.id}`;
      const written = this.#layers.write(scope, config, clock.now(), by);
      this.#layers.keep(written);
      return written;
    });
    this.#offerAll(this.members(scope));
    return layer;
  }

  state(deviceId: string): NodeConfigState {
    const device = this.#options.devices.get(deviceId);
    if (!device) throw new BarnacleError("DEVICE_UNKNOWN", `no device has the id ${deviceId}`);
    return this.#stateOf(device);
  }

  states(): readonly NodeConfigState[] {
    return this.#ours().map((device) => this.#stateOf(device));
  }

  retry(deviceId: string): void {
    this.#sent.delete(deviceId);
    this.#offer(deviceId, true);
  }

  groups(): readonly NodeGroup[] {
    return this.#groups.all();
  }

  async setGroup(name: string, deviceIds: readonly string[]): Promise<NodeGroup> {
    if (!/^[a-z0-9_-]{1,48}$/.test(name)) {
      throw new BarnacleError("INPUT_INVALID", "a group's name is 1 to 48 of a-z, 0-9, _ and -");
    }
    for (const id of deviceIds)
      if (!this.#options.devices.get(id)) throw new BarnacleError("DEVICE_UNKNOWN", `no device has the id ${id}`);
    const before = this.#groups.get(name);
    await this.#options.store.commit(() => this.#groups.put(name, deviceIds));
    this.#offerAll([...before, ...deviceIds]);
    return { name, deviceIds: this.#groups.get(name) };
  }

  members(scope: FleetScope): readonly string[] {
    const { kind, name } = scopeOf(scope);
    const group = kind === "group" ? new Set(this.#groups.get(name)) : undefined;
    const within = (device: DeviceRecord) =>
      kind === "fleet" ||
      (kind === "node" && device.deviceId === name) ||
      (kind === "room" && device.room?.toLowerCase() === name.toLowerCase()) ||
      (group?.has(device.deviceId) ?? false);
    return this.#ours()
      .filter(within)
      .map(({ deviceId }) => deviceId)
      .sort();
  }

  /** A command would reach it now. */
  isReady(deviceId: string): boolean {
    return this.#options.wire.isReady(deviceId);
  }

  /** Wants another content of one layer of these nodes alone, until `settle`. */
  try(deviceIds: readonly string[], scope: FleetScope, config: JsonObject): void {
    for (const id of deviceIds) this.#tried.set(id, { scope: this.#named(scope), config });
    this.#offerAll(deviceIds);
  }

  /** Nothing is tried on these nodes any more: what the layers say holds. */
  settle(deviceIds: readonly string[]): void {
    for (const id of deviceIds) this.#tried.delete(id);
    this.#offerAll(deviceIds);
  }

  /** A content that was tried becomes the layer, within the caller's transaction; `settle` follows. */
  adopt(scope: FleetScope, config: JsonObject, by: string): void {
    const named = this.#named(scope);
    this.#layers.keep(this.#layers.write(named, config, this.#options.clock.now(), by));
  }

  /** What a node says that it has. Resolves when it is stored. */
  async receive(deviceId: string, actual: NodeActual): Promise<void> {
    const { store, clock, devices } = this.#options;
    if (!devices.get(deviceId)) return;
    const at = clock.now();
    await store.commitSoon(() => this.#actuals.put(deviceId, actual, at));
    this.events.emit("changed", { deviceId });
    this.#offer(deviceId);
  }

  #ready(deviceId: string): void {
    this.#sent.delete(deviceId);
    this.#offer(deviceId);
    this.events.emit("changed", { deviceId });
  }

  /** Sends a node what it is wanted to be, unless it has that, refuses it, or was sent it already. */
  #offer(deviceId: string, again = false): void {
    const { wire, devices, log } = this.#options;
    const device = devices.get(deviceId);
    if (!device || !isOurs(device) || !wire.isReady(deviceId)) return;
    const { config } = this.#made(device);
    const revision = revisionOf(config);
    const actual = this.#actuals.get(deviceId)?.actual;
    if ((actual?.revision ?? NOTHING) === revision && !again) return;
    if (actual?.refused?.revision === revision && !again) return;
    if (this.#sent.get(deviceId) === revision) return;
    this.#sent.set(deviceId, revision);
    wire.send(deviceId, { revision, config, ...(again ? { again } : {}) }).catch((error: unknown) => {
      log.warn({ deviceId, problem: messageOf(error) }, "a node could not be told what it is wanted to be");
    });
  }

  #offerAll(deviceIds: readonly string[]): void {
    for (const id of deviceIds) this.#due.add(id);
    if (this.#cancel === undefined) this.#offerDue();
  }

  #offerDue(): void {
    this.#cancel = undefined;
    for (const id of [...this.#due].slice(0, SLICE)) {
      this.#due.delete(id);
      this.#offer(id);
      this.events.emit("changed", { deviceId: id });
    }
    if (this.#due.size > 0) this.#cancel = this.#options.clock.after(PAUSE_MS, () => this.#offerDue());
  }

  #stateOf(device: DeviceRecord): NodeConfigState {
    const { config, layers } = this.#made(device);
    const { deviceId, displayName, online } = device;
    const known = this.#actuals.get(deviceId);
    const revision = revisionOf(config);
    const wanted = revision === NOTHING ? null : revision;
    const inSync = (known?.actual.revision ?? NOTHING) === revision;
    return {
      ...{ deviceId, displayName, online, layers, config, wanted, inSync },
      ...(known ? { actual: known.actual, actualAtMs: known.at } : {}),
    };
  }

  #made(device: DeviceRecord): { config: JsonObject; layers: readonly FleetScope[] } {
    const tried = this.#tried.get(device.deviceId);
    const scopes = scopesOf(device, this.#groups.of(device.deviceId));
    const contents = scopes
      .map((scope) => ({ scope, config: tried?.scope === scope ? tried.config : this.#layers.get(scope).config }))
      .filter(({ config }) => Object.keys(config).length > 0);
    return { config: mergeLayers(contents.map(({ config }) => config)), layers: contents.map(({ scope }) => scope) };
  }

  #ours(): readonly DeviceRecord[] {
    return this.#options.devices.list().filter((device) => isOurs(device) && !device.blocked);
  }

  #forget(deviceId: string): void {
    this.#actuals.forget(deviceId);
    this.#groups.forget(deviceId);
    this.#tried.delete(deviceId);
    this.#sent.delete(deviceId);
  }

  /** Rooms are compared without case, as everywhere. @throws INPUT_INVALID */
  #named(scope: FleetScope): FleetScope {
    const { kind, name } = scopeOf(scope);
    return kind === "room" ? `room:${name.toLowerCase()}` : scope;
  }
}
