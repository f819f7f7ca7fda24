import type { Clock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import { checkDuty, checkValue, LineBook } from "./line-book.ts";
import type { GpioEdge, GpioPort, LineConfig, LineRef, LineState, StartValue } from "./port.ts";

/** How often lost lines are tried again, and held ones looked at: not every kernel wakes us when a chip goes. */
const CHECK_MS = 2000;

/** One line of a driver that holds lines by themselves. */
export interface HeldLine {
  readonly config: LineConfig;
  readonly held: boolean;
  readonly offset: number | undefined;
  /** The value that this process set last. */
  readonly last: 0 | 1 | undefined;
  readonly state: LineState;
  read(): 0 | 1;
  write(value: 0 | 1): void;
  pulse(duty: number): void;
  /** Looks whether the line is still there. */
  check(): void;
  /** Why it cannot be had. */
  refuse(reason: string): void;
  release(reason: string): void;
}

/** What a line tells its driver. */
export interface LineListener {
  readonly edge: (edge: GpioEdge) => void;
  /** The line is gone, with its chip. */
  readonly lost: () => void;
}

/** A driver whose lines are taken one by one, and tried again for as long as they cannot be had. */
export abstract class LineDriver<T extends HeldLine> implements GpioPort {
  abstract readonly name: string;
  protected readonly clock: Clock;
  readonly #edges = new Set<(edge: GpioEdge) => void>();
  readonly #changes = new Set<() => void>();
  #lines = new LineBook<T>([]);
  #startValue: StartValue = ({ initial }) => initial;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  abstract availability(): Promise<Availability>;
  protected abstract makeLine(config: LineConfig, listener: LineListener): T;
  /** Takes what of these can be had; the others get their reasons. */
  protected abstract acquire(lines: readonly T[]): void;

  async open(lines: readonly LineConfig[], startValue?: StartValue): Promise<void> {
    const listener = {
      edge: (edge: GpioEdge) => {
        for (const hear of [...this.#edges]) hear(edge);
      },
      lost: () => this.#changed(),
    };
    const made = lines.map((config) => this.makeLine(config, listener));
    const book = new LineBook(made, (line) => line.offset);
    await this.close();
    this.#lines = book;
    if (startValue) this.#startValue = startValue;
    this.#tryMissing();
    this.#cancel = this.clock.every(CHECK_MS, () => {
      for (const line of this.#lines.all) line.check();
      if (this.#tryMissing()) this.#changed();
    });
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
    this.#lines = new LineBook<T>([]);
  }

  protected startOf({ config, last }: T): 0 | 1 | undefined {
    return this.#startValue(config, last);
  }

  /** @returns whether a line was had by it */
  #tryMissing(): boolean {
    const missing = this.#lines.all.filter((line) => !line.held);
    if (missing.length === 0) return false;
    this.acquire(missing);
    return missing.some((line) => line.held);
  }

  #changed(): void {
    for (const listener of [...this.#changes]) listener();
  }
}
