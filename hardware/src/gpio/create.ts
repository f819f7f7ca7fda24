import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, systemClock } from "@barnacle/protocol/runtime";
import { ChardevGpio } from "./chardev.ts";
import { FakeGpio } from "./fake.ts";
import { type GpioKernel, systemKernel } from "./kernel.ts";
import { NoGpio } from "./none.ts";
import type { GpioPort } from "./port.ts";
import { StateFile } from "./state-file.ts";
import { SysfsGpio } from "./sysfs.ts";
import { type SysfsFiles, sysfsChips, systemSysfs } from "./sysfs-files.ts";

export const GPIO_DRIVERS = ["auto", "chardev", "sysfs", "fake", "none"] as const;
export type GpioDriver = (typeof GPIO_DRIVERS)[number];

export interface GpioOptions {
  /** chardev, sysfs: label of the board's own chip; absent: that of a known board's header, or the only one. */
  readonly chip?: string;
  /** fake: a JSON file that mirrors the lines' states, for watchers in other processes. */
  readonly stateFile?: string;
  readonly clock?: Clock;
  readonly kernel?: GpioKernel;
  readonly files?: SysfsFiles;
}

/** @throws ENGINE_UNKNOWN */
export function createGpio(driver: GpioDriver, options: GpioOptions = {}): GpioPort {
  const { chip, clock = systemClock, kernel = systemKernel() } = options;
  const files = options.files ?? systemSysfs(kernel);
  switch (driver) {
    case "auto":
      return createGpio(hasOnlySysfs(kernel, files) ? "sysfs" : "chardev", { ...options, kernel, files });
    case "chardev":
      return new ChardevGpio({ kernel, clock, chip });
    case "sysfs":
      return new SysfsGpio({ files, clock, chip });
    case "fake": {
      const file = options.stateFile === undefined ? undefined : new StateFile(options.stateFile);
      return new FakeGpio(clock, file);
    }
    case "none":
      return new NoGpio();
    default:
      throw new BarnacleError("ENGINE_UNKNOWN", `GPIO driver "${driver}"; one of: ${GPIO_DRIVERS.join(", ")}`);
  }
}

/** Boards whose kernel is older than the character device, or has it switched off. */
function hasOnlySysfs(kernel: GpioKernel, files: SysfsFiles): boolean {
  return kernel.chips().length === 0 && sysfsChips(files).chips.length > 0;
}
