import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";

/** Raspberry Pi OS by the Debian it is made of: 13 is set up by cloud-init, 12 by a script named on the kernel's line. */
export type System = "trixie" | "bookworm";

/** Where the files go. */
export interface Card {
  /** A card's boot partition; else a folder to be copied onto one. */
  readonly isBootPartition: boolean;
  readonly system: System;
  /** The kernel's line, on a boot partition. */
  readonly cmdline: string | undefined;
}

const MARK = "barnacle flash";
const FIRMWARE = ["bootcode.bin", "start4.elf", "start.elf", "kernel8.img", "kernel_2712.img"];
/** What cloud-init reads there; images of Debian 13 come with all three. */
const SEEDS = ["meta-data", "user-data", "network-config"];

/**
 * Looks at a target before anything is written.
 * @param force also what is not a boot partition, or was prepared by something else
 * @throws USAGE for a device, a file, a folder of something else; CONFLICT where somebody else's settings would be replaced
 */
export function cardAt(target: string, options: { system?: System | undefined; force: boolean }): Card {
  const found = statSync(target, { throwIfNoEntry: false });
  const { force } = options;
  if (found?.isBlockDevice() || found?.isCharacterDevice() || /^\/dev\//.test(path.resolve(target)))
    throw new BarnacleError("USAGE", `${target} is a device; files are written, no image`, {
      hint: "Write Raspberry Pi OS Lite (64-bit) to the card first, mount its first partition, and name that folder.",
    });
  if (found && !found.isDirectory()) throw new BarnacleError("USAGE", `${target} is a file; a folder was expected`);
  const names = found ? readdirSync(target) : [];
  const isBootPartition =
    names.includes("config.txt") && names.includes("cmdline.txt") && FIRMWARE.some((file) => names.includes(file));
  if (!isBootPartition && names.length > 0 && !force && !isOurs(target)) {
    throw new BarnacleError("USAGE", `${target} is neither empty nor the boot partition of a Raspberry Pi`, {
      hint: "Name the mounted partition that has config.txt and cmdline.txt, or a new folder; --force writes here all the same.",
    });
  }
  const seeded = SEEDS.some((file) => names.includes(file));
  const system = options.system ?? (isBootPartition && !seeded ? "bookworm" : "trixie");
  if (!force) refuseOthers(target, names, system);
  const cmdline = isBootPartition ? readFileSync(path.join(target, "cmdline.txt"), "utf8") : undefined;
  return { isBootPartition, system, cmdline };
}

/** A file with settings of somebody else's, which would be lost. */
function refuseOthers(target: string, names: readonly string[], system: System): void {
  const own = system === "trixie" ? ["user-data", "network-config"] : ["firstrun.sh"];
  for (const name of own.filter((each) => names.includes(each))) {
    const text = readFileSync(path.join(target, name), "utf8");
    const settings = text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
    if (text.includes(MARK) || settings.length === 0) continue;
    throw new BarnacleError("CONFLICT", `${path.join(target, name)} has settings that another program wrote`, {
      hint: "Write the card afresh without Imager's own settings, or replace them with --force.",
    });
  }
}

function isOurs(target: string): boolean {
  return existsSync(path.join(target, "barnacle", "install.sh"));
}
