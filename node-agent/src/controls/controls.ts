import type { GpioPort, LineState } from "@barnacle/hardware/gpio";
import type { HidLight, HidListener, HidPanel, HidStatus } from "@barnacle/hardware/hid";
import { messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { NodeConfiguration } from "../config/index.ts";
import type { Mute } from "../pipeline/index.ts";

/** A talk button held longer than this is held while speaking; a shorter press listens until a pause. */
const HELD_MS = 400;

export interface ControlsParts {
  readonly config: NodeConfiguration["controls"];
  readonly hid: HidPanel | undefined;
  /** Pins, or why there are none. */
  readonly gpio: GpioPort | string;
  readonly mute: Mute;
  readonly talk: {
    /** Listens, also in place of an answer that is being given. @returns false when it cannot */
    begin(): boolean;
    /** What was said is the whole. */
    end(): void;
  };
  readonly light: () => HidLight;
  readonly notice: (kind: string, data: JsonObject) => void;
  /** What the node can do may have changed. */
  readonly changed: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Buttons, switches and lights, of HID devices and pins alike, and what they mean to the node. */
export class Controls implements Unit {
  readonly #parts: ControlsParts;
  #undo: (() => unknown)[] = [];
  #talkingSince: number | undefined;
  readonly #seen = new Map<string, HidStatus["state"]>();

  constructor(parts: ControlsParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { hid, mute } = this.#parts;
    const switches = this.#switchNames();
    mute.keep(switches);
    await this.#startPins();
    if (!hid) return;
    hid.listen(this.#listener);
    this.#undo.push(() => hid.stop());
    await hid.start();
    this.refresh();
  }

  /** The lights show what may not be so any more: nobody listens now. */
  async stop(): Promise<void> {
    const undo = this.#undo.splice(0).reverse();
    if (undo.length > 0) await this.#parts.hid?.show("offline");
    for (const step of undo) await step();
  }

  /** Shows what the node does now. */
  refresh(): void {
    if (this.#undo.length > 0) void this.#parts.hid?.show(this.#parts.light());
  }

  readonly #listener: HidListener = {
    control: ({ device, control, kind, on }) => {
      if (control === "talk") this.#talk(on);
      else if (kind === "switch") this.#parts.mute.position(device, on);
      else if (on) this.#parts.mute.toggle();
    },
    status: (device, { state, reason = "unknown" }) => {
      const before = this.#seen.get(device);
      this.#seen.set(device, state);
      const { log, notice, changed } = this.#parts;
      if (state === "open") log.info({ device }, "HID device found");
      else if (before === "open" && state === "waiting") {
        log.warn({ device, reason }, "HID device lost; looking for it");
        notice("hid.lost", { device, reason });
      }
      changed();
    },
  };

  #switchNames(): string[] {
    const { config, hid } = this.#parts;
    return [
      ...(hid?.devices ?? []).map(({ name }) => name),
      ...(config.muteSwitch === undefined ? [] : [config.muteSwitch]),
    ];
  }

  async #startPins(): Promise<void> {
    const { config, gpio, mute, log } = this.#parts;
    const { muteSwitch, muteButton, talkButton } = config;
    if (typeof gpio === "string") {
      if (muteSwitch !== undefined) this.#unreadable(muteSwitch, gpio);
      for (const name of [muteButton, talkButton])
        if (name !== undefined) log.error({ name, reason: gpio }, "a button cannot be used");
      return;
    }
    const onLine = new Map<LineState["line"], (on: boolean) => void>();
    const bind = (name: string | undefined, act: (on: boolean) => void): LineState["line"] | undefined => {
      if (name === undefined) return undefined;
      const found = gpio
        .list()
        .find((line) => line.direction === "in" && (line.name === name || `${line.line}` === name));
      if (found) onLine.set(found.line, act);
      else log.error({ name }, "no such input among gpio.lines; the control cannot be used");
      return found?.line;
    };
    bind(muteButton, (on) => on && mute.toggle());
    bind(talkButton, (on) => this.#talk(on));
    this.#undo.push(gpio.onEdge(({ line, value }) => onLine.get(line)?.(value === 1)));
    if (muteSwitch === undefined) return;
    const line = bind(muteSwitch, (on) => mute.position(muteSwitch, on));
    if (line === undefined) {
      this.#unreadable(muteSwitch, "no such input among gpio.lines");
      return;
    }
    const look = async (): Promise<void> => {
      try {
        mute.position(muteSwitch, (await gpio.read(line)) === 1);
      } catch (error) {
        this.#unreadable(muteSwitch, messageOf(error));
      }
    };
    // Its chip may go, and come back with the switch in another position.
    this.#undo.push(gpio.onChange(() => void look()));
    await look();
  }

  /** Whoever wired a switch to be left alone is left alone when it breaks. */
  #unreadable(name: string, reason: string): void {
    this.#parts.log.error({ name, reason }, "the mute switch cannot be read: the microphone stays closed");
    this.#parts.mute.position(name, true);
  }

  #talk(down: boolean): void {
    const { talk, clock } = this.#parts;
    if (down) {
      this.#talkingSince = talk.begin() ? clock.monotonic() : undefined;
      return;
    }
    const held = this.#talkingSince !== undefined && clock.monotonic() - this.#talkingSince >= HELD_MS;
    this.#talkingSince = undefined;
    if (held) talk.end();
  }
}
