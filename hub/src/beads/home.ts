import { type Clock, Events, type Unit } from "@barnacle/protocol/runtime";
import type { Devices, VoiceTurns } from "../services.ts";
import type { Conditions } from "./gates.ts";

/** Who was heard in a room is taken to be at home for so long. */
const HEARD_MS = 15 * 60_000;
const PHONES = /ios|ipad|iphone|android/i;

export interface HomeConditionsOptions {
  readonly devices: Pick<Devices, "list" | "events">;
  /** Asked late. */
  readonly voice: () => Pick<VoiceTurns, "events">;
  readonly clock: Clock;
}

/**
 * What gates of type `device` wait for. `somebody-home`: somebody spoke in a room within a quarter of an hour, or a phone is
 * connected. `online:<device>`, `offline:<device>`: by the name that people gave it.
 */
export class HomeConditions implements Conditions, Unit {
  readonly events = new Events<{ changed: object }>();
  readonly #options: HomeConditionsOptions;
  #heardAt = Number.NEGATIVE_INFINITY;

  constructor(options: HomeConditionsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { devices, voice, clock } = this.#options;
    devices.events.on("presence", () => this.events.emit("changed", {}), this);
    voice().events.on(
      "updated",
      ({ turn }) => {
        if (!turn.deviceId) return;
        this.#heardAt = clock.now();
        this.events.emit("changed", {});
      },
      this,
    );
  }

  async stop(): Promise<void> {
    this.#options.devices.events.dropOwner(this);
    this.#options.voice().events.dropOwner(this);
  }

  holds(condition: string): boolean | undefined {
    const devices = this.#options.devices.list();
    if (condition === "somebody-home") {
      if (this.#options.clock.now() - this.#heardAt <= HEARD_MS) return true;
      return devices.some(({ online, platform }) => online && PHONES.test(platform ?? ""));
    }
    const [, wanted, name = ""] = /^(online|offline):(.+)$/.exec(condition) ?? [];
    if (wanted === undefined) return undefined;
    const device = devices.find(({ displayName }) => displayName.toLowerCase() === name.trim().toLowerCase());
    return device === undefined ? undefined : device.online === (wanted === "online");
  }
}
