import { BarnacleError } from "@barnacle/protocol/errors";
import type { SysfsFiles } from "../sysfs-files.ts";

interface Exported {
  activeLow: boolean;
  direction: string;
  edge: string;
  ready: (() => void) | undefined;
}

/** One chip's /sys/class/gpio in memory. For tests. */
export class FakeSysfs implements SysfsFiles {
  readonly #exported = new Map<number, Exported>();
  readonly #levels = new Map<number, 0 | 1>();
  readonly #outputs = new Set<number>();
  here = true;
  /** Global numbers that the kernel or another program holds. */
  readonly busy = new Set<number>();
  readonly #base: number;
  readonly #label: string;

  constructor(label: string, base: number) {
    this.#label = label;
    this.#base = base;
  }

  get exported(): readonly number[] {
    return [...this.#exported.keys()];
  }

  level(offset: number): 0 | 1 {
    return this.#levels.get(this.#base + offset) ?? 0;
  }

  /** The world drives a line. */
  drive(offset: number, level: 0 | 1): void {
    const number = this.#base + offset;
    const changed = this.level(offset) !== level;
    this.#levels.set(number, level);
    const line = this.#exported.get(number);
    if (changed && line?.edge === "both") line.ready?.();
  }

  plug(here: boolean): void {
    this.here = here;
    if (!here) this.#exported.clear();
  }

  names(): readonly string[] {
    return [...(this.here ? [`gpiochip${this.#base}`] : []), ...this.exported.map((number) => `gpio${number}`)];
  }

  read(file: string): string {
    const [folder = "", name = ""] = file.split("/");
    if (folder.startsWith("gpiochip")) return { label: this.#label, base: `${this.#base}`, ngpio: "54" }[name] ?? "";
    const [number, line] = this.#line(folder);
    if (name === "direction") return line.direction;
    return String((this.#levels.get(number) ?? 0) ^ (line.activeLow ? 1 : 0));
  }

  write(file: string, text: string): void {
    if (file === "export") {
      if (this.busy.has(Number(text))) throw failure("EBUSY");
      const direction = this.#outputs.has(Number(text)) ? "out" : "in";
      this.#exported.set(Number(text), { activeLow: false, direction, edge: "none", ready: undefined });
      return;
    }
    if (file === "unexport") {
      if (!this.#exported.delete(Number(text))) throw failure("EINVAL");
      return;
    }
    const [folder = "", name = ""] = file.split("/");
    const [number, line] = this.#line(folder);
    if (name === "active_low") line.activeLow = text === "1";
    else if (name === "edge") line.edge = text;
    else if (name === "value") this.#levels.set(number, (text === "1") === line.activeLow ? 0 : 1);
    else {
      line.direction = text === "in" ? "in" : "out";
      if (text === "in") this.#outputs.delete(number);
      else this.#outputs.add(number);
      if (text !== "in") this.#levels.set(number, text === "high" ? 1 : 0);
    }
  }

  watch(file: string, ready: () => void): () => void {
    const [, line] = this.#line(file.split("/")[0] ?? "");
    line.ready = ready;
    return () => {
      line.ready = undefined;
    };
  }

  #line(folder: string): [number, Exported] {
    const number = Number(folder.slice(4));
    const line = this.#exported.get(number);
    if (!line) throw failure("ENOENT");
    return [number, line];
  }
}

function failure(code: string): BarnacleError {
  return Object.assign(new BarnacleError("HARDWARE_UNAVAILABLE", code), { code });
}
