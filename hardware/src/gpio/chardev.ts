import { messageOf } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import { ChardevLine } from "./chardev-line.ts";
import { type ChipList, chipAvailability, findChip, listChips, withDevice } from "./chips.ts";
import type { GpioKernel } from "./kernel.ts";
import { LineDriver, type LineListener } from "./line-driver.ts";
import type { LineConfig } from "./port.ts";

export interface ChardevParts {
  readonly kernel: GpioKernel;
  readonly clock: Clock;
  /** Label of the board's own chip; undefined: the header of a known board, or the only chip. */
  readonly chip: string | undefined;
}

/** The kernel's GPIO character device, version 2 of its interface: Linux 5.10 and later, any board. */
export class ChardevGpio extends LineDriver<ChardevLine> {
  readonly name = "chardev";
  readonly #parts: ChardevParts;
  /** The board's own chip, once found: when it goes, no other takes its place. */
  #label: string | undefined;

  constructor(parts: ChardevParts) {
    super(parts.clock);
    this.#parts = parts;
  }

  async availability(): Promise<Availability> {
    return chipAvailability(findChip(listChips(this.#parts.kernel), this.#parts.chip));
  }

  protected makeLine(config: LineConfig, listener: LineListener): ChardevLine {
    return new ChardevLine(config, { kernel: this.#parts.kernel, clock: this.clock, ...listener });
  }

  protected acquire(lines: readonly ChardevLine[]): void {
    const chips = listChips(this.#parts.kernel);
    for (const label of new Set(lines.map(({ config }) => config.chip))) {
      this.#acquireOn(
        chips,
        label ?? this.#parts.chip,
        lines.filter(({ config }) => config.chip === label),
      );
    }
  }

  #acquireOn(chips: ChipList, label: string | undefined, lines: readonly ChardevLine[]): void {
    const chip = findChip(chips, label ?? this.#label);
    if ("reason" in chip) {
      for (const line of lines) line.refuse(chip.reason);
      return;
    }
    if (label === undefined) this.#label = chip.label;
    try {
      withDevice(this.#parts.kernel, chip.file, (fd) => {
        for (const line of lines) line.request(chip, fd, () => this.startOf(line));
      });
    } catch (error) {
      for (const line of lines) line.refuse(messageOf(error));
    }
  }
}
