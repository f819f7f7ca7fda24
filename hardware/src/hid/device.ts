import { messageOf } from "@barnacle/protocol/errors";
import type { Clock, Random, Unit } from "@barnacle/protocol/runtime";
import { Backoff } from "../microphone/backoff.ts";
import { type HidField, parseDescriptor } from "./descriptor.ts";
import { lightReport } from "./lights.ts";
import type { HidBus, HidControl, HidFound, HidHandle, HidLight, HidListener, HidStatus } from "./port.ts";
import type { HidProfile } from "./profile.ts";
import { type ControlChange, ReportReader } from "./reader.ts";

/** A wish in the configuration: this kind of device, or this very one. */
export interface HidDeviceOptions {
  /** What it is called in events; the profile's name by default. */
  readonly name: string;
  readonly profile: HidProfile;
  readonly vendor?: number | undefined;
  readonly product?: number | undefined;
  readonly serial?: string | undefined;
}

export interface HidDeviceParts {
  readonly bus: HidBus;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: HidListener;
  /** Two wishes never open the same device. */
  readonly claimed: Set<string>;
}

/** A person who plugs it in again should not have to wait. */
const LONGEST_WAIT_MS = 4000;

/**
 * One configured device: looked for until it is there, opened, read, lit, and looked for again when it is unplugged. What
 * it showed last it shows again.
 */
export class HidDevice implements Unit {
  readonly #options: HidDeviceOptions;
  readonly #parts: HidDeviceParts;
  readonly #backoff: Backoff;
  #status: HidStatus = { state: "stopped" };
  #opened: { found: HidFound; handle: HidHandle; fields: readonly HidField[] } | undefined;
  #reader: ReportReader | undefined;
  #light: HidLight | undefined;
  #writing: Promise<void> = Promise.resolve();
  #opening: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #started = false;
  #attempt = 0;

  constructor(options: HidDeviceOptions, parts: HidDeviceParts) {
    this.#options = options;
    this.#parts = parts;
    this.#backoff = new Backoff(parts.random, { firstMs: 500, longestMs: LONGEST_WAIT_MS });
  }

  get name(): string {
    return this.#options.name;
  }

  get status(): HidStatus {
    return this.#status;
  }

  /** What of the profile's controls this device really has; empty while it is away. */
  get controls(): readonly HidControl[] {
    return this.#reader?.controls ?? [];
  }

  /** Resolves after the first attempt; it goes on by itself. */
  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    this.#opening = this.#try();
    await this.#opening;
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#cancel();
    await this.#opening;
    await this.#writing;
    await this.#release();
    this.#become({ state: "stopped" });
  }

  /** Shows a state as soon as the device is there; only the last wish counts. Resolves when it is shown, or cannot be. */
  show(light: HidLight): Promise<void> {
    if (this.#light === light) return this.#writing;
    this.#light = light;
    return this.#write();
  }

  async #try(): Promise<void> {
    const { bus, claimed } = this.#parts;
    const attempt = ++this.#attempt;
    let path: string | undefined;
    try {
      const found = (await bus.list()).find((each) => !claimed.has(each.path) && this.#fits(each));
      if (!found) {
        this.#wait("not plugged in");
        return;
      }
      path = found.path;
      claimed.add(path);
      const { fields } = parseDescriptor(found.descriptor);
      const reader = new ReportReader(this.#options.profile, fields);
      this.#reader = reader;
      const handle = await bus.open(path, {
        report: (bytes) => {
          if (attempt === this.#attempt) this.#tell(reader.take(bytes));
        },
        lost: (reason) => {
          if (attempt === this.#attempt) void this.#lose(reason);
        },
      });
      if (attempt !== this.#attempt) {
        // Lost while it was being opened.
        await handle.close();
        claimed.delete(path);
        return;
      }
      this.#opened = { found, handle, fields };
      this.#backoff.reset();
      this.#become({ state: "open" });
      await this.#write();
    } catch (error) {
      if (path !== undefined) claimed.delete(path);
      this.#reader = undefined;
      if (attempt === this.#attempt) this.#wait(messageOf(error));
    }
  }

  #fits(found: HidFound): boolean {
    const { profile, vendor, product, serial } = this.#options;
    if (vendor !== undefined && found.vendor !== vendor) return false;
    if (product !== undefined && found.product !== product) return false;
    if (serial !== undefined && found.serial !== serial) return false;
    const { collections } = parseDescriptor(found.descriptor);
    return profile.match.some(
      (match) =>
        (match.vendor === undefined || match.vendor === found.vendor) &&
        (match.product === undefined || match.product === found.product) &&
        (match.usage === undefined || collections.includes(match.usage)),
    );
  }

  async #lose(reason: string): Promise<void> {
    this.#attempt++;
    this.#tell(this.#reader?.release() ?? []);
    await this.#release();
    this.#wait(reason);
  }

  async #release(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#reader = undefined;
    if (!opened) return;
    await opened.handle.close();
    this.#parts.claimed.delete(opened.found.path);
  }

  #wait(reason: string): void {
    if (!this.#started) return;
    this.#become({ state: "waiting", reason });
    this.#cancel = this.#parts.clock.after(this.#backoff.next(), () => {
      this.#opening = this.#try();
    });
  }

  #write(): Promise<void> {
    const { lights } = this.#options.profile;
    if (!lights) return this.#writing;
    this.#writing = this.#writing.then(async () => {
      const opened = this.#opened;
      const report = opened && this.#light && lightReport(lights, opened.fields, this.#light);
      if (!opened || !report) return;
      try {
        await (lights.via === "feature" ? opened.handle.feature(report) : opened.handle.write(report));
      } catch (error) {
        // A device that takes no report is as good as unplugged; opening it afresh shows the state again.
        if (this.#opened === opened) void this.#lose(messageOf(error));
      }
    });
    return this.#writing;
  }

  #tell(changes: readonly ControlChange[]): void {
    for (const change of changes) this.#parts.listener.control({ device: this.name, ...change });
  }

  #become(status: HidStatus): void {
    if (status.state === this.#status.state && status.reason === this.#status.reason) return;
    this.#status = status;
    this.#parts.listener.status(this.name, status);
  }
}
