import { BarnacleError } from "@barnacle/protocol/errors";
import type { Availability } from "../availability.ts";
import type { HidBus, HidEvents, HidFound, HidHandle } from "./port.ts";

/** Devices in the test's hand: they are plugged in, pressed and unplugged when told. */
export class FakeHidBus implements HidBus {
  readonly name = "fake";
  /** Everything that was written to any device, in order: `output` or `feature`, then the bytes. */
  readonly written: { path: string; kind: "output" | "feature"; bytes: number[] }[] = [];
  /** Opening fails with this as long as it is set. */
  refusal: string | undefined;
  opens = 0;
  readonly #plugged = new Map<string, HidFound>();
  readonly #open = new Map<string, HidEvents>();

  async availability(): Promise<Availability> {
    return { available: true };
  }

  async list(): Promise<readonly HidFound[]> {
    return [...this.#plugged.values()];
  }

  async open(path: string, events: HidEvents): Promise<HidHandle> {
    this.opens += 1;
    if (this.refusal !== undefined) throw new BarnacleError("HARDWARE_UNAVAILABLE", this.refusal);
    if (!this.#plugged.has(path)) throw new BarnacleError("HARDWARE_UNAVAILABLE", `${path}: no such device`);
    this.#open.set(path, events);
    const send = (kind: "output" | "feature") => async (bytes: Uint8Array) => {
      if (this.#open.get(path) !== events) throw new BarnacleError("HARDWARE_UNAVAILABLE", `${path}: gone`);
      this.written.push({ path, kind, bytes: [...bytes] });
    };
    return {
      write: send("output"),
      feature: send("feature"),
      close: async () => {
        if (this.#open.get(path) === events) this.#open.delete(path);
      },
    };
  }

  plug(device: Partial<HidFound> & { readonly path: string }): void {
    this.#plugged.set(device.path, {
      ...{ vendor: 0, product: 0, serial: "", name: "fake", descriptor: new Uint8Array() },
      ...device,
    });
  }

  unplug(path: string): void {
    this.#plugged.delete(path);
    const events = this.#open.get(path);
    this.#open.delete(path);
    events?.lost("unplugged");
  }

  /** An input report, as the device would send it. */
  report(path: string, ...bytes: number[]): void {
    this.#open.get(path)?.report(Uint8Array.from(bytes));
  }

  isOpen(path: string): boolean {
    return this.#open.has(path);
  }
}
