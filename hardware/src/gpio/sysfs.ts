import type { Clock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import { HEADER_LABELS } from "./chips.ts";
import { LineDriver, type LineListener } from "./line-driver.ts";
import type { LineConfig } from "./port.ts";
import { type SysfsChip, type SysfsFiles, sysfsChips } from "./sysfs-files.ts";
import { SysfsLine } from "./sysfs-line.ts";

export interface SysfsParts {
  readonly files: SysfsFiles;
  readonly clock: Clock;
  /** Label of the board's own chip; undefined: the header of a known board, or the only chip. */
  readonly chip: string | undefined;
}

/** The kernel's older interface, /sys/class/gpio, for boards that have no other. */
export class SysfsGpio extends LineDriver<SysfsLine> {
  readonly name = "sysfs";
  readonly #parts: SysfsParts;

  constructor(parts: SysfsParts) {
    super(parts.clock);
    this.#parts = parts;
  }

  async availability(): Promise<Availability> {
    const chip = this.#find(this.#parts.chip);
    if ("base" in chip) return { available: true, detail: `${chip.label} (line 0 is number ${chip.base})` };
    return { available: false, code: "HARDWARE_UNAVAILABLE", reason: chip.reason };
  }

  protected makeLine(config: LineConfig, listener: LineListener): SysfsLine {
    return new SysfsLine(config, { files: this.#parts.files, clock: this.clock, listener });
  }

  protected acquire(lines: readonly SysfsLine[]): void {
    for (const line of lines) {
      const chip = this.#find(line.config.chip ?? this.#parts.chip);
      if ("base" in chip) line.request(chip, () => this.startOf(line));
      else line.refuse(chip.reason);
    }
  }

  #find(label: string | undefined): SysfsChip | { readonly reason: string } {
    const { chips, problem } = sysfsChips(this.#parts.files);
    const here = chips.map((chip) => chip.label).join(", ") || "no chip";
    const wanted = label === undefined ? HEADER_LABELS : [label];
    const found = wanted.map((known) => chips.find((chip) => chip.label === known)).find(Boolean);
    const [only] = chips;
    if (found) return found;
    if (label === undefined && only && chips.length === 1) return only;
    if (problem !== undefined) return { reason: `no /sys/class/gpio: ${problem}` };
    return { reason: `no GPIO chip has the label ${label ?? "of a known board"}; here: ${here}` };
  }
}
