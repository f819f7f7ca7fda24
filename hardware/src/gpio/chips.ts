import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Availability } from "../availability.ts";
import { errnoOf, type GpioKernel } from "./kernel.ts";
import { chipInfoBuffer, GPIO_IOCTL, lineInfoBuffer, readChipInfo, readLineInfo } from "./uapi.ts";

/** Labels of the chip behind a board's header, most usual first: Pi 5, 4, 3 and older, Zero. */
export const HEADER_LABELS = [
  "pinctrl-rp1",
  "pinctrl-bcm2711",
  "pinctrl-bcm2837",
  "pinctrl-bcm2835",
  "pinctrl-bcm2836",
];

export interface Chip {
  readonly file: string;
  readonly label: string;
  readonly lines: number;
}

/** A chip, or why there is none. */
export type FoundChip = Chip | { readonly reason: string; readonly hint?: string };

/** Every chip that can be looked at, and what kept others from it. */
export interface ChipList {
  readonly chips: readonly Chip[];
  readonly problems: readonly { readonly reason: string; readonly hint?: string }[];
}

const GROUP_HINT = "Add the node's user to the group gpio: usermod -aG gpio USER";

export function listChips(kernel: GpioKernel): ChipList {
  const chips: Chip[] = [];
  const problems: { reason: string; hint?: string }[] = [];
  for (const file of filesOf(kernel)) {
    try {
      const { label, lines } = withDevice(kernel, file, (fd) => {
        const bytes = chipInfoBuffer();
        kernel.ioctl(fd, GPIO_IOCTL.chipInfo, bytes);
        return readChipInfo(bytes);
      });
      chips.push({ file, label, lines });
    } catch (error) {
      const errno = errnoOf(error);
      const denied = errno === "EACCES" || errno === "EPERM";
      problems.push(denied ? { reason: `no permission for ${file}`, hint: GROUP_HINT } : { reason: messageOf(error) });
    }
  }
  return { chips, problems };
}

/**
 * The chip with this label; without one, the chip of the board's header, or the only one there is. Never by number: the
 * header of one board was gpiochip4, gpiochip0 and something else again with different kernels.
 */
export function findChip({ chips, problems }: ChipList, label?: string): FoundChip {
  const [problem] = problems;
  const labels = chips.map((chip) => chip.label).join(", ");
  if (label !== undefined) {
    const found = chips.find((chip) => chip.label === label);
    if (found) return found;
    if (problem) return problem;
    return { reason: `no GPIO chip has the label ${label}; here: ${labels || "no chip"}` };
  }
  const header = HEADER_LABELS.map((known) => chips.find((chip) => chip.label === known)).find(Boolean);
  if (header) return header;
  const [only] = chips;
  if (only && chips.length === 1) return only;
  if (problem) return problem;
  if (!only) return { reason: "no GPIO chip (/dev/gpiochip*)" };
  return { reason: `none of the GPIO chips is known as a board's own: ${labels}`, hint: "Name one with gpio.chip." };
}

export function chipAvailability(found: FoundChip): Availability {
  if (!("reason" in found)) return { available: true, detail: `${found.label} (${found.file}, ${found.lines} lines)` };
  return { available: false, code: "HARDWARE_UNAVAILABLE", ...found };
}

/** Offset of the line that the kernel knows by this name. @throws HARDWARE_UNAVAILABLE when none has it */
export function offsetByName(kernel: GpioKernel, fd: number, chip: Chip, name: string): number {
  for (let offset = 0; offset < chip.lines; offset++) {
    const bytes = lineInfoBuffer(offset);
    kernel.ioctl(fd, GPIO_IOCTL.lineInfo, bytes);
    if (readLineInfo(bytes).name === name) return offset;
  }
  throw new BarnacleError("HARDWARE_UNAVAILABLE", `no line of ${chip.label} has the name ${name}`);
}

export function withDevice<T>(kernel: GpioKernel, file: string, use: (fd: number) => T): T {
  const fd = kernel.open(file);
  try {
    return use(fd);
  } finally {
    kernel.close(fd);
  }
}

function filesOf(kernel: GpioKernel): readonly string[] {
  try {
    return kernel.chips();
  } catch {
    return [];
  }
}
