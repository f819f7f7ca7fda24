import { type Clock, Events } from "@barnacle/protocol/runtime";
import type { Appliance } from "@barnacle/protocol/schema";
import type { HubConfig } from "../config/schema.ts";
import { Gathered } from "../gathered.ts";
import { type HomeLanguage, makeLanguage, speakable } from "../intents/index.ts";
import type { DeviceRecord, Devices, HomeAppliance, Household } from "../services.ts";

export interface HouseholdOptions {
  readonly config: HubConfig["household"];
  readonly devices: Pick<Devices, "events" | "list">;
  readonly clock: Clock;
}

/** One state of the house; replaced as a whole when a node's declaration changes. */
interface Snapshot {
  /** How many devices it was made of. */
  readonly nodes: number;
  readonly rooms: readonly string[];
  readonly appliances: readonly HomeAppliance[];
  /** What the language was made of, to see whether it must be made again. */
  readonly signature: string;
  readonly language: HomeLanguage;
}

/** Merges the configured rooms and appliances with those that the paired nodes declare, and speaks their language. */
export class HouseholdModel implements Household {
  readonly events = new Events<{ changed: { readonly grammarHash: string } }>();
  readonly #config: HubConfig["household"];
  readonly #devices: Pick<Devices, "events" | "list">;
  /** Of a large fleet the language is not made anew for each node that arrives, but once a second. */
  readonly #news: Gathered;
  #snapshot: Snapshot | undefined;

  constructor(options: HouseholdOptions) {
    this.#config = options.config;
    this.#devices = options.devices;
    this.#news = new Gathered({
      clock: options.clock,
      listeners: () => this.#snapshot?.nodes ?? 0,
      send: () => this.#refresh(),
    });
  }

  async start(): Promise<void> {
    this.#devices.events.on("changed", () => this.#news.tell(), this);
    this.#devices.events.on("removed", () => this.#news.tell(), this);
    this.#current();
  }

  async stop(): Promise<void> {
    this.#news.stop();
    this.#devices.events.dropOwner(this);
  }

  rooms(): readonly string[] {
    return this.#current().rooms;
  }

  appliances(): readonly HomeAppliance[] {
    return this.#current().appliances;
  }

  /** The rooms of a named part of the house ("downstairs"), or undefined when there is no such part. */
  area(name: string): readonly string[] | undefined {
    const wanted = speakable(name);
    return Object.entries(this.#config.areas).find(([area]) => speakable(area) === wanted)?.[1];
  }

  /** The room as the household writes it, whatever way it was said. */
  room(said: string): string | undefined {
    const wanted = speakable(said);
    return this.rooms().find((room) => speakable(room) === wanted);
  }

  language(): HomeLanguage {
    return this.#current().language;
  }

  grammar(): ReturnType<Household["grammar"]> {
    const { hash, jsgf } = this.#current().language;
    return { hash, jsgf, pronunciations: this.#config.pronunciations };
  }

  #current(): Snapshot {
    this.#snapshot ??= this.#look(undefined);
    return this.#snapshot;
  }

  #refresh(): void {
    const before = this.#snapshot;
    this.#snapshot = this.#look(before);
    if (before && before.language.hash !== this.#snapshot.language.hash) {
      this.events.emit("changed", { grammarHash: this.#snapshot.language.hash });
    }
  }

  #look(before: Snapshot | undefined): Snapshot {
    const nodes = this.#devices.list().filter((device) => !device.blocked);
    const appliances = [...this.#config.appliances, ...nodes.flatMap(declared)];
    const rooms = distinct([
      ...this.#config.rooms,
      ...Object.values(this.#config.areas).flat(),
      ...nodes.map(roomOf),
      ...appliances.map((appliance) => appliance.room),
    ]);
    const { tasks, shopping, announcements } = this.#config;
    const areas = Object.keys(this.#config.areas);
    const names = appliances.map(({ name, aliases, kind, actions }) => ({
      name,
      aliases,
      kind,
      can: Object.keys(actions),
    }));
    const signature = JSON.stringify({ rooms, names });
    const language =
      before?.signature === signature
        ? before.language
        : makeLanguage({ rooms, areas, appliances, tasks, shopping, announcements });
    return { nodes: nodes.length, rooms, appliances, signature, language };
  }
}

/** The room that the registry holds for a node, else the one it declares. */
export function roomOf(device: DeviceRecord): string | undefined {
  return device.room ?? device.manifest?.room;
}

/** A node's appliances; one that names no room is where its node is. */
function declared(device: DeviceRecord): HomeAppliance[] {
  const room = roomOf(device);
  return (device.manifest?.appliances ?? []).map((appliance: Appliance) => ({
    ...appliance,
    ...((appliance.room ?? room) === undefined ? {} : { room: appliance.room ?? room }),
    deviceId: device.deviceId,
  }));
}

function distinct(rooms: readonly (string | undefined)[]): string[] {
  const found = new Map<string, string>();
  for (const room of rooms) {
    const key = room === undefined ? "" : speakable(room);
    if (room !== undefined && key !== "" && !found.has(key)) found.set(key, room);
  }
  return [...found.values()];
}
