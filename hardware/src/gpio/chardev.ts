import { messageOf } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import { ChardevLine } from "./chardev-line.ts";
import { type ChipList, chipAvailability, findChip, listChips, withDevice } from "./chips.ts";
import type { GpioKernel } from "./kernel.ts";
import { checkDuty, checkValue, LineBook } from "./line-book.ts";
import type { GpioEdge, GpioPort, LineConfig, LineRef, LineState, StartValue } from "./port.ts";

/** How often lost lines are tried again, and held ones looked at: not every kernel wakes us when a chip goes. */
const CHECK_MS = 2000;

export interface ChardevParts {
  readonly kernel: GpioKernel;
  readonly clock: Clock;
  /** Label of the board's own chip; undefined: the header of a known board, or the only chip. */
  readonly chip: string | undefined;
}

/** The kernel's GPIO character device, version 2 of its interface: Linux 5.10 and later, any board. */
export class ChardevGpio implements GpioPort {
  readonly name = "chardev";
  readonly #parts: ChardevParts;
  readonly #edges = new Set<(edge: GpioEdge) => void>();
  readonly #changes = new Set<() => void>();
  /** The board's own chip, once found: when it goes, no other takes its place. */
  #label: string | undefined;
  #lines = new LineBook<ChardevLine>([]);
  #startValue: StartValue = ({ initial }) => initial;
  #cancel: (() => void) | undefined;

  constructor(parts: ChardevParts) {
    this.#parts = parts;
  }

  async availability(): Promise<Availability> {
    return chipAvailability(findChip(listChips(this.#parts.kernel), this.#parts.chip));
  }

  async open(lines: readonly LineConfig[], startValue?: StartValue): Promise<void> {
    const { kernel, clock } = this.#parts;
    const parts = {
      ...{ kernel, clock },
      edge: (edge: GpioEdge) => {
        for (const listener of [...this.#edges]) listener(edge);
      },
      lost: () => this.#changed(),
    };
    const made = lines.map((config) => new ChardevLine(config, parts));
    const book = new LineBook(made, (line) => line.offset);
    await this.close();
    this.#lines = book;
    if (startValue) this.#startValue = startValue;
    this.#acquire();
    this.#cancel = clock.every(CHECK_MS, () => this.#check());
  }

  async read(line: LineRef): Promise<0 | 1> {
    return this.#lines.find(line).read();
  }

  async write(line: LineRef, value: 0 | 1): Promise<void> {
    const found = this.#lines.output(line);
    checkValue(value);
    found.write(value);
  }

  async pwm(line: LineRef, duty: number): Promise<void> {
    const found = this.#lines.output(line);
    checkDuty(duty);
    found.pulse(duty);
  }

  list(): readonly LineState[] {
    return this.#lines.all.map((line) => line.state);
  }

  onEdge(listener: (edge: GpioEdge) => void): () => void {
    this.#edges.add(listener);
    return () => this.#edges.delete(listener);
  }

  onChange(listener: () => void): () => void {
    this.#changes.add(listener);
    return () => this.#changes.delete(listener);
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const line of this.#lines.all) line.release("closed");
    this.#lines = new LineBook<ChardevLine>([]);
  }

  #check(): void {
    for (const line of this.#lines.all) line.check();
    if (this.#acquire()) this.#changed();
  }

  /** Requests what is not held. @returns whether a line was had by it */
  #acquire(): boolean {
    const wanted = this.#lines.all.filter((line) => !line.held);
    if (wanted.length === 0) return false;
    const chips = listChips(this.#parts.kernel);
    for (const label of new Set(wanted.map(({ config }) => config.chip))) {
      this.#acquireOn(
        chips,
        label ?? this.#parts.chip,
        wanted.filter(({ config }) => config.chip === label),
      );
    }
    return wanted.some((line) => line.held);
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
        for (const line of lines) line.request(chip, fd, () => this.#startValue(line.config, line.last));
      });
    } catch (error) {
      for (const line of lines) line.refuse(messageOf(error));
    }
  }

  #changed(): void {
    for (const listener of [...this.#changes]) listener();
  }
}
