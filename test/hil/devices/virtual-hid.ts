import { closeSync, constants, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Numbers and places of `struct uhid_event` in the kernel's include/uapi/linux/uhid.h. */
const DESTROY = 1;
const OUTPUT = 6;
const CREATE2 = 11;
const INPUT2 = 12;
const EVENT_BYTES = 4380;
const AT = { name: 4, serial: 196, size: 260, bus: 262, vendor: 264, product: 268, descriptor: 280 };
const INPUT_AT = { size: 4, data: 6 };
const OUTPUT_AT = { data: 4, size: 4100 };
const USB = 3;
const POLL_MS = 20;

export interface VirtualHidOptions {
  readonly name: string;
  readonly vendor: number;
  readonly product: number;
  readonly serial?: string;
  /** The HID report descriptor. */
  readonly descriptor: Uint8Array;
}

/** A HID device that the kernel believes in: it has a /dev/hidraw, is seen by udev, and can be unplugged. */
export class VirtualHid {
  readonly #fd: number;
  readonly #name: string;
  /** What programs have written to the device, oldest first; the report id comes first where reports have one. */
  readonly outputs: Buffer[] = [];
  readonly #ended = new AbortController();
  readonly #reading: Promise<void>;

  constructor(options: VirtualHidOptions) {
    const { name, vendor, product, serial = "", descriptor } = options;
    this.#name = name;
    // A blocking read here would keep the process from ending.
    this.#fd = openSync("/dev/uhid", constants.O_RDWR | constants.O_NONBLOCK);
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(CREATE2, 0);
    event.write(name, AT.name, 127);
    event.write(serial, AT.serial, 63);
    event.writeUInt16LE(descriptor.length, AT.size);
    event.writeUInt16LE(USB, AT.bus);
    event.writeUInt32LE(vendor, AT.vendor);
    event.writeUInt32LE(product, AT.product);
    event.set(descriptor, AT.descriptor);
    writeSync(this.#fd, event);
    this.#reading = this.#read();
  }

  /** Sends an input report: a key pressed, a button let go. */
  input(report: Uint8Array): void {
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(INPUT2, 0);
    event.writeUInt16LE(report.length, INPUT_AT.size);
    event.set(report, INPUT_AT.data);
    writeSync(this.#fd, event);
  }

  /** `/dev/hidraw0`, …; undefined before the kernel made it. */
  get device(): string | undefined {
    for (const entry of listed("/sys/class/hidraw")) {
      const about = path.join("/sys/class/hidraw", entry, "device", "uevent");
      if (readFileSync(about, "utf8").includes(`HID_NAME=${this.#name}\n`)) return `/dev/${entry}`;
    }
    return undefined;
  }

  /** The first output report after the first `from` that fits; waits for it. */
  async output(fits: (report: Buffer) => boolean, from = 0, limitMs = 30_000): Promise<Buffer> {
    for (const end = performance.now() + limitMs; performance.now() < end; await pause(POLL_MS)) {
      const found = this.outputs.slice(from).find(fits);
      if (found) return found;
    }
    throw new Error(`${this.#name}: no such output report; ${this.outputs.map((each) => each.toString("hex"))}`);
  }

  /** Pulls the plug. */
  async unplug(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    await this.#reading;
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(DESTROY, 0);
    writeSync(this.#fd, event);
    closeSync(this.#fd);
  }

  async #read(): Promise<void> {
    const event = Buffer.alloc(EVENT_BYTES);
    while (!this.#ended.signal.aborted) {
      while (readEvent(this.#fd, event)) {
        if (event.readUInt32LE(0) !== OUTPUT) continue;
        const size = event.readUInt16LE(OUTPUT_AT.size);
        this.outputs.push(Buffer.from(event.subarray(OUTPUT_AT.data, OUTPUT_AT.data + size)));
      }
      await pause(POLL_MS, undefined, { signal: this.#ended.signal }).catch(() => {});
    }
  }
}

function readEvent(fd: number, event: Buffer): boolean {
  try {
    return readSync(fd, event) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
