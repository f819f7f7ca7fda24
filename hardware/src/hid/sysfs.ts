import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { HidFound } from "./port.ts";

const CLASS = "sys/class/hidraw";

/**
 * What the kernel lists, with names and descriptors, without opening anything or loading a library.
 * @param root stands for `/`
 */
export async function listHidraw(root = "/"): Promise<HidFound[]> {
  let names: string[];
  try {
    names = await readdir(path.join(root, CLASS));
  } catch {
    // A kernel without hidraw has no such devices.
    return [];
  }
  const found = await Promise.all(names.sort().map((name) => describe(root, name)));
  return found.filter((device) => device !== undefined);
}

async function describe(root: string, name: string): Promise<HidFound | undefined> {
  const device = path.join(root, CLASS, name, "device");
  try {
    const [uevent, descriptor] = await Promise.all([
      readFile(path.join(device, "uevent"), "utf8"),
      readFile(path.join(device, "report_descriptor")),
    ]);
    const field = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(uevent)?.[1]?.trim() ?? "";
    // "0003:00002886:00000018": bus, vendor, product.
    const [, vendor, product] = field("HID_ID").split(":");
    if (!vendor || !product) return undefined;
    return {
      path: path.join(root, "dev", name),
      vendor: Number.parseInt(vendor, 16),
      product: Number.parseInt(product, 16),
      serial: field("HID_UNIQ"),
      name: field("HID_NAME"),
      descriptor,
    };
  } catch {
    // It was unplugged in between.
    return undefined;
  }
}
