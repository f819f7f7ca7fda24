import { messageOf } from "@barnacle/protocol/errors";
import { systemClock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import { type ChipList, chipAvailability, findChip, listChips, offsetByName, withDevice } from "./chips.ts";
import { type GpioKernel, systemKernel } from "./kernel.ts";
import { labelOf } from "./line-book.ts";
import type { LineConfig } from "./port.ts";
import { SysfsGpio } from "./sysfs.ts";
import { type SysfsFiles, systemSysfs } from "./sysfs-files.ts";
import { GPIO_IOCTL, LINE_FLAG, lineInfoBuffer, readLineInfo } from "./uapi.ts";

export interface GpioInfo {
  readonly driver: string;
  readonly availability: Availability;
  /** Every chip of the board by its label. */
  readonly chips?: readonly { readonly label: string; readonly file: string; readonly lines: number }[];
  /** The configured lines: what the kernel says of them, or why they cannot be had. */
  readonly lines?: readonly { readonly line: string; readonly available: boolean; readonly reason: string }[];
}

/** What the drivers can do here. Looks at chips and lines; takes none. */
export async function gpioInfos(
  chip: string | undefined,
  lines: readonly LineConfig[],
  kernel: GpioKernel = systemKernel(),
  files: SysfsFiles = systemSysfs(kernel),
): Promise<GpioInfo[]> {
  const list = listChips(kernel);
  return [
    {
      driver: "chardev",
      availability: chipAvailability(findChip(list, chip)),
      chips: list.chips.map(({ label, file, lines: count }) => ({ label, file, lines: count })),
      lines: lines.map((config) => ({ line: labelOf(config), ...lineInfo(kernel, list, chip, config) })),
    },
    { driver: "sysfs", availability: await new SysfsGpio({ files, clock: systemClock, chip }).availability() },
  ];
}

function lineInfo(
  kernel: GpioKernel,
  list: ChipList,
  main: string | undefined,
  { line, chip }: LineConfig,
): { available: boolean; reason: string } {
  const found = findChip(list, chip ?? main);
  if ("reason" in found) return { available: false, reason: found.reason };
  try {
    return withDevice(kernel, found.file, (fd) => {
      const offset = typeof line === "number" ? line : offsetByName(kernel, fd, found, line);
      if (offset >= found.lines) {
        return { available: false, reason: `${found.label} has the lines 0 to ${found.lines - 1}` };
      }
      const bytes = lineInfoBuffer(offset);
      kernel.ioctl(fd, GPIO_IOCTL.lineInfo, bytes);
      const { flags, consumer, name } = readLineInfo(bytes);
      const direction = flags & LINE_FLAG.output ? "output" : "input";
      const known = name === "" ? "" : `, ${name}`;
      if ((flags & LINE_FLAG.used) === 0) return { available: true, reason: `free, ${direction}${known}` };
      return {
        available: consumer === "barnacle-node",
        reason: `used by ${consumer || "the kernel"}, ${direction}${known}`,
      };
    });
  } catch (error) {
    return { available: false, reason: messageOf(error) };
  }
}
