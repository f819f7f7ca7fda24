import { accessSync, constants, existsSync } from "node:fs";
import { BarnacleError, messageOf, systemCode } from "@barnacle/protocol/errors";
import type { Availability } from "../availability.ts";
import type { HidBus, HidEvents, HidFound, HidHandle } from "./port.ts";
import { listHidraw } from "./sysfs.ts";

/** hidraw devices through the `node-hid` package, which is loaded when the first device is opened. */
export class NodeHidBus implements HidBus {
  readonly name = "hidraw";

  async availability(): Promise<Availability> {
    const found = await this.list();
    if (found.length > 0) return { available: true, detail: found.map(({ name }) => name).join(", ") };
    const reason = existsSync("/sys/class/hidraw") ? "no HID device is plugged in" : "this kernel has no hidraw";
    return { available: false, code: "HARDWARE_UNAVAILABLE", reason };
  }

  list(): Promise<readonly HidFound[]> {
    return listHidraw();
  }

  async open(path: string, events: HidEvents): Promise<HidHandle> {
    mayOpen(path);
    const { HIDAsync } = await library();
    const device = await attempt(path, () => HIDAsync.open(path));
    let over = false;
    const lose = (error: unknown): void => {
      if (over) return;
      over = true;
      events.lost(messageOf(error));
    };
    device.on("error", lose);
    device.on("data", (report: Buffer) => {
      if (!over) events.report(report);
    });
    return {
      write: async (bytes) => {
        const written = await attempt(path, () => device.write(Buffer.from(bytes)));
        if (written < 0) throw new BarnacleError("HARDWARE_UNAVAILABLE", `${path}: the report was not taken`);
      },
      feature: async (bytes) => void (await attempt(path, () => device.sendFeatureReport(Buffer.from(bytes)))),
      close: async () => {
        over = true;
        try {
          await device.close();
        } catch {
          // It was unplugged: there is nothing left to close.
        }
      },
    };
  }
}

/** hidapi's own complaint says nothing of permissions. */
function mayOpen(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    const hint =
      systemCode(error) === "EACCES" ? "The user of this process must be in the group of the device." : undefined;
    throw new BarnacleError("HARDWARE_UNAVAILABLE", `${path}: ${messageOf(error)}`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

async function library(): Promise<typeof import("node-hid")> {
  try {
    const { default: hid } = (await import("node-hid")) as unknown as { default: typeof import("node-hid") };
    hid.getHidapiVersion();
    return hid;
  } catch (error) {
    throw new BarnacleError("LIBRARY_MISSING", `node-hid cannot be loaded: ${messageOf(error)}`, {
      cause: error,
      hint: "It needs libusb-1.0-0 and libudev1.",
    });
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new BarnacleError("HARDWARE_UNAVAILABLE", `${path}: ${messageOf(error)}`, { cause: error });
  }
}
