import { type Clock, type Random, startAll, stopAll, type Unit } from "@barnacle/protocol/runtime";
import { HidDevice, type HidDeviceOptions } from "./device.ts";
import type { HidBus, HidControl, HidLight, HidListener, HidStatus } from "./port.ts";

export interface PanelDevice {
  readonly name: string;
  readonly status: HidStatus;
  readonly controls: readonly HidControl[];
}

export interface HidPanelOptions {
  readonly bus: HidBus;
  readonly devices: readonly HidDeviceOptions[];
  readonly clock: Clock;
  readonly random: Random;
}

/** All configured HID devices of a node as one panel: what is pressed comes in, what the node does is shown. */
export class HidPanel implements Unit {
  readonly #devices: readonly HidDevice[];
  #listener: HidListener | undefined;

  constructor({ bus, devices, clock, random }: HidPanelOptions) {
    const claimed = new Set<string>();
    const listener: HidListener = {
      control: (event) => this.#listener?.control(event),
      status: (device, status) => this.#listener?.status(device, status),
    };
    this.#devices = devices.map((options) => new HidDevice(options, { bus, clock, random, listener, claimed }));
  }

  get name(): string {
    return "hid";
  }

  get devices(): readonly PanelDevice[] {
    return this.#devices;
  }

  /** Before `start`: the first position of a switch comes with its first report. */
  listen(listener: HidListener): void {
    this.#listener = listener;
  }

  start(): Promise<void> {
    return startAll(this.#devices);
  }

  stop(): Promise<void> {
    return stopAll(this.#devices);
  }

  /** Resolves when all devices that are there show it. */
  async show(light: HidLight): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.show(light)));
  }
}
