import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const CONFIGFS = "/sys/kernel/config/gpio-sim";

export interface SimGpioOptions {
  /** What the chip calls itself: `pinctrl-rp1` (Pi 5, 54 lines), `pinctrl-bcm2711` (Pi 4, 58 lines), … */
  readonly label?: string;
  readonly lines?: number;
  /** Names of single lines, as the kernel gives them. */
  readonly names?: Readonly<Record<number, string>>;
}

/** A GPIO chip of the kernel's own simulator, and the world around its lines. Only in a guest. */
export class SimGpio {
  readonly #config: string;
  #lines = "";
  readonly #names: readonly number[];
  #chip = "";

  constructor(name: string, options: SimGpioOptions = {}) {
    const { label = "pinctrl-rp1", lines = 54, names = {} } = options;
    this.#config = path.join(CONFIGFS, name);
    this.#names = Object.keys(names).map(Number);
    const bank = path.join(this.#config, "bank0");
    mkdirSync(bank, { recursive: true });
    writeFileSync(path.join(bank, "num_lines"), String(lines));
    writeFileSync(path.join(bank, "label"), label);
    for (const [line, text] of Object.entries(names)) {
      const folder = path.join(bank, `line${line}`);
      mkdirSync(folder);
      writeFileSync(path.join(folder, "name"), text);
    }
    this.plug(true);
  }

  /** `gpiochip0`, …; another one after it was pulled out while somebody held a line. */
  get chip(): string {
    return this.#chip;
  }

  /** `/dev/gpiochip0`, … */
  get device(): string {
    return `/dev/${this.chip}`;
  }

  /** The world drives a line: who listens to it gets an edge. */
  drive(line: number, level: 0 | 1): void {
    writeFileSync(this.#file(line, "pull"), level === 1 ? "pull-up" : "pull-down");
  }

  /** What the line is at now: driven by a program, or by the world. */
  level(line: number): 0 | 1 {
    return readText(this.#file(line, "value")) === "1" ? 1 : 0;
  }

  /** Pulls the chip out, as an expander is, or puts it back; programs that hold lines lose them. */
  plug(here: boolean): void {
    writeFileSync(path.join(this.#config, "live"), here ? "1" : "0");
    if (!here) return;
    const device = readText(path.join(this.#config, "dev_name"));
    this.#chip = readText(path.join(this.#config, "bank0", "chip_name"));
    this.#lines = path.join("/sys/devices/platform", device, this.#chip);
  }

  /** Takes the chip away for good. */
  remove(): void {
    this.plug(false);
    const bank = path.join(this.#config, "bank0");
    for (const line of this.#names) rmdirSync(path.join(bank, `line${line}`));
    rmdirSync(bank);
    rmdirSync(this.#config);
  }

  #file(line: number, name: "pull" | "value"): string {
    return path.join(this.#lines, `sim_gpio${line}`, name);
  }
}

function readText(file: string): string {
  return readFileSync(file, "utf8").trim();
}
