import { BarnacleError, messageOf, systemCode } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import { labelOf } from "./line-book.ts";
import type { HeldLine, LineListener } from "./line-driver.ts";
import type { LineConfig, LineState } from "./port.ts";
import { SoftwarePwm } from "./software-pwm.ts";
import type { SysfsChip, SysfsFiles } from "./sysfs-files.ts";

/** A line exported to /sys/class/gpio. It has no resistors and no count of edges, and is debounced here. */
export class SysfsLine implements HeldLine {
  readonly config: LineConfig;
  readonly #files: SysfsFiles;
  readonly #clock: Clock;
  readonly #listener: LineListener;
  readonly #pwm: SoftwarePwm;
  /** The line's folder, and what ends listening to it. */
  #held: { readonly folder: string; readonly unwatch: () => void } | undefined;
  #reason = "not opened";
  #last: 0 | 1 | undefined;
  #duty: number | undefined;
  #seen: 0 | 1 = 0;
  #sequence = 0;
  #settling: (() => void) | undefined;

  constructor(config: LineConfig, parts: { files: SysfsFiles; clock: Clock; listener: LineListener }) {
    this.config = config;
    this.#files = parts.files;
    this.#clock = parts.clock;
    this.#listener = parts.listener;
    this.#pwm = new SoftwarePwm(parts.clock, (value) => void this.#attempt(() => this.#set(value)));
  }

  get held(): boolean {
    return this.#held !== undefined;
  }

  get offset(): number | undefined {
    return typeof this.config.line === "number" ? this.config.line : undefined;
  }

  get last(): 0 | 1 | undefined {
    return this.#last;
  }

  get state(): LineState {
    const { line, name, chip, direction } = this.config;
    const value = this.#duty === undefined ? this.#attempt(() => this.#get())?.value : this.#duty > 0 ? 1 : 0;
    return {
      line,
      ...(name === undefined ? {} : { name }),
      ...(chip === undefined ? {} : { chip }),
      direction,
      ...(value === undefined ? { unavailable: this.#reason } : { value }),
      ...(this.#duty === undefined ? {} : { duty: this.#duty }),
    };
  }

  refuse(reason: string): void {
    this.#reason = reason;
  }

  /** Exports the line; an output gets `start`, or goes on as it is. What fails is the line's reason. */
  request(chip: SysfsChip, start: () => 0 | 1 | undefined): void {
    const { line, direction, activeLow = false } = this.config;
    const problem = this.#problem(chip);
    if (problem !== undefined || typeof line === "string") {
      this.#reason = problem ?? "";
      return;
    }
    const folder = `gpio${chip.base + line}`;
    try {
      if (!this.#files.names().includes(folder)) this.#files.write("export", String(chip.base + line));
      this.#files.write(`${folder}/active_low`, activeLow ? "1" : "0");
      this.#held = { folder, unwatch: () => {} };
      if (direction === "in") this.#listen(folder);
      else this.#drive(folder, start(), activeLow);
    } catch (error) {
      this.#held = undefined;
      this.#reason = systemCode(error) === "EBUSY" ? "used by another program" : messageOf(error);
    }
  }

  #problem({ label, lines }: SysfsChip): string | undefined {
    const { line, bias } = this.config;
    if (typeof line === "string") return `/sys/class/gpio does not know the name ${line}; give its number`;
    if (bias !== undefined) return "/sys/class/gpio has no resistors; leave bias out and wire one";
    return line < lines ? undefined : `${label} has the lines 0 to ${lines - 1}`;
  }

  read(): 0 | 1 {
    if (this.#duty !== undefined) return this.#duty > 0 ? 1 : 0;
    return this.#use(() => this.#get());
  }

  write(value: 0 | 1): void {
    this.#pwm.stop();
    this.#duty = undefined;
    this.#use(() => this.#set(value));
    this.#last = value;
  }

  pulse(duty: number): void {
    this.#pwm.stop();
    this.#use(() => this.#set(duty > 0 ? 1 : 0));
    this.#duty = duty;
    this.#last = duty > 0 ? 1 : 0;
    if (duty > 0 && duty < 1) this.#pwm.start(duty);
  }

  check(): void {
    this.#attempt(() => this.#get());
  }

  release(reason: string): void {
    const held = this.#held;
    this.#drop(reason);
    if (!held) return;
    try {
      this.#files.write("unexport", held.folder.slice("gpio".length));
    } catch {
      // Its chip is gone, and the line with it.
    }
  }

  #listen(folder: string): void {
    this.#files.write(`${folder}/direction`, "in");
    this.#files.write(`${folder}/edge`, "both");
    this.#seen = this.#get();
    const unwatch = this.#files.watch(`${folder}/value`, () => this.#changed());
    this.#held = { folder, unwatch };
  }

  /** `high` and `low` set voltage and direction at once; `value` is logical. */
  #drive(folder: string, start: 0 | 1 | undefined, activeLow: boolean): void {
    const now = this.#files.read(`${folder}/direction`) === "out" ? this.#get() : 0;
    const value = start ?? now;
    this.#files.write(`${folder}/direction`, (value === 1) === activeLow ? "low" : "high");
    this.#duty = undefined;
    this.#last = value;
  }

  #changed(): void {
    const { debounceMs = 0 } = this.config;
    this.#settling?.();
    this.#settling = undefined;
    if (debounceMs === 0) this.#tell();
    else this.#settling = this.#clock.after(debounceMs, () => this.#tell());
  }

  #tell(): void {
    const value = this.#attempt(() => this.#get())?.value;
    if (value === undefined || value === this.#seen) return;
    this.#seen = value;
    const { line, name, chip } = this.config;
    this.#listener.edge({
      line,
      ...(name === undefined ? {} : { name }),
      ...(chip === undefined ? {} : { chip }),
      ...{ value, at: Math.floor(this.#clock.now()), sequence: ++this.#sequence, lost: 0 },
    });
  }

  #drop(reason: string): void {
    this.#pwm.stop();
    this.#duty = undefined;
    this.#settling?.();
    this.#settling = undefined;
    this.#held?.unwatch();
    this.#held = undefined;
    this.#reason = reason;
  }

  #use<T>(work: () => T): T {
    const done = this.#attempt(work);
    if (done) return done.value;
    throw new BarnacleError("HARDWARE_UNAVAILABLE", `GPIO line ${labelOf(this.config)}: ${this.#reason}`);
  }

  /** Undefined when the line is not held, or turned out to be gone; then `lost` was told. */
  #attempt<T>(work: () => T): { readonly value: T } | undefined {
    if (!this.#held) return undefined;
    try {
      return { value: work() };
    } catch (error) {
      const gone = ["ENOENT", "ENODEV"].includes(systemCode(error) ?? "");
      this.#drop(gone ? "its chip is gone" : messageOf(error));
      this.#listener.lost();
      return undefined;
    }
  }

  #get(): 0 | 1 {
    return this.#files.read(`${this.#held?.folder}/value`) === "1" ? 1 : 0;
  }

  #set(value: 0 | 1): void {
    this.#files.write(`${this.#held?.folder}/value`, String(value));
  }
}
