import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import { checkDuty, checkValue, LineBook, labelOf } from "./line-book.ts";
import type { GpioEdge, GpioPort, LineConfig, LineRef, LineState, StartValue } from "./port.ts";
import type { StateFile, StoredLine } from "./state-file.ts";

interface Line {
  readonly config: LineConfig;
  value: 0 | 1;
  duty: number | undefined;
  /** Edges so far, those that nobody was told too. */
  edges: number;
  untold: number;
  /** Why it cannot be had. */
  reason: string | undefined;
  /** How often it was set, over restarts too when there is a file. */
  writes: number;
}

/**
 * Pins that exist in memory only. Values are logical, as in the port: `activeLow` changes `level`, the voltage that a
 * meter would see. With a state file, every change is written down before the call returns, and a line without a start
 * value keeps its value over a restart of the process, as a pin of the board does.
 */
export class FakeGpio implements GpioPort {
  readonly name = "fake";
  readonly #clock: Clock;
  readonly #file: StateFile | undefined;
  readonly #listeners = new Set<(edge: GpioEdge) => void>();
  readonly #changes = new Set<() => void>();
  #lines = new LineBook<Line>([]);
  #startValue: StartValue = ({ initial }) => initial;

  constructor(clock: Clock, file?: StateFile) {
    this.#clock = clock;
    this.#file = file;
  }

  async availability(): Promise<Availability> {
    return { available: true, detail: "simulated" };
  }

  /** @throws CONFIG_INVALID for a line that is named twice, STATE_UNWRITABLE */
  async open(lines: readonly LineConfig[], startValue?: StartValue): Promise<void> {
    if (startValue) this.#startValue = startValue;
    const made = lines.map(
      (config): Line => ({
        ...{ config, value: 0, duty: undefined, edges: 0, untold: 0, reason: undefined },
        writes: 0,
      }),
    );
    this.#lines = new LineBook(made);
    const before = await this.#file?.read();
    for (const line of made) {
      const kept = before?.lines.find((known) => known.line === line.config.line);
      const start = line.config.direction === "out" ? this.#startValue(line.config, undefined) : undefined;
      line.value = start ?? kept?.value ?? 0;
      line.writes = kept?.writes ?? 0;
    }
    await this.#file?.write(this.#stored());
  }

  async read(line: LineRef): Promise<0 | 1> {
    return this.#here(this.#lines.find(line)).value;
  }

  async write(line: LineRef, value: 0 | 1): Promise<void> {
    const found = this.#here(this.#lines.output(line));
    checkValue(value);
    found.duty = undefined;
    await this.#set(found, value);
  }

  async pwm(line: LineRef, duty: number): Promise<void> {
    const found = this.#here(this.#lines.output(line));
    checkDuty(duty);
    found.duty = duty;
    await this.#set(found, duty > 0 ? 1 : 0);
  }

  list(): readonly LineState[] {
    return this.#lines.all.map((line) => {
      const { reason, value, ...state } = stateOf(line);
      return reason === undefined ? { ...state, value } : { ...state, unavailable: reason };
    });
  }

  onEdge(listener: (edge: GpioEdge) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onChange(listener: () => void): () => void {
    this.#changes.add(listener);
    return () => this.#changes.delete(listener);
  }

  async close(): Promise<void> {
    this.#lines = new LineBook<Line>([]);
    this.#listeners.clear();
    this.#changes.clear();
  }

  /** The voltage on the pin: 1 is high. */
  level(line: LineRef): 0 | 1 {
    const { config, value } = this.#lines.find(line);
    return config.activeLow ? (value === 1 ? 0 : 1) : value;
  }

  /** The world drives an input to a voltage; an edge is told when its logical value changes. */
  async drive(line: LineRef, level: 0 | 1): Promise<void> {
    const found = this.#lines.find(line);
    if (found.config.direction !== "in") throw new BarnacleError("COMMAND_PARAMS", `GPIO line ${line} is an output`);
    await this.#set(found, found.config.activeLow ? (level === 1 ? 0 : 1) : level);
  }

  /** The chip goes away, or with undefined comes back: outputs then take their start values. */
  async lose(reason: string | undefined): Promise<void> {
    for (const line of this.#lines.all) {
      line.reason = reason;
      line.duty = undefined;
      if (reason !== undefined || line.config.direction === "in") continue;
      line.value = this.#startValue(line.config, line.value) ?? line.value;
    }
    await this.#file?.write(this.#stored());
    for (const listener of [...this.#changes]) listener();
  }

  /** The next edges of an input happen and are told to nobody. */
  drop(line: LineRef, edges: number): void {
    this.#lines.find(line).untold += edges;
  }

  async #set(found: Line, value: 0 | 1): Promise<void> {
    const changed = found.value !== value;
    found.value = value;
    found.writes += 1;
    await this.#file?.write(this.#stored());
    if (!changed || found.config.direction !== "in" || found.reason !== undefined) return;
    const lost = found.untold;
    found.untold = 0;
    found.edges += lost + 1;
    const at = this.#clock.now();
    const { line, name, chip } = found.config;
    const edge: GpioEdge = {
      line,
      ...(name === undefined ? {} : { name }),
      ...(chip === undefined ? {} : { chip }),
      ...{ value, at, sequence: found.edges, lost },
    };
    for (const listener of [...this.#listeners]) listener(edge);
  }

  #stored(): StoredLine[] {
    return this.#lines.all.map((line) => {
      const { reason, ...state } = stateOf(line);
      return { ...state, writes: line.writes };
    });
  }

  #here(found: Line): Line {
    if (found.reason === undefined) return found;
    throw new BarnacleError("HARDWARE_UNAVAILABLE", `GPIO line ${labelOf(found.config)}: ${found.reason}`);
  }
}

function stateOf({ config, value, duty, reason }: Line) {
  return {
    line: config.line,
    ...(config.name === undefined ? {} : { name: config.name }),
    ...(config.chip === undefined ? {} : { chip: config.chip }),
    direction: config.direction,
    value,
    ...(duty === undefined ? {} : { duty }),
    reason,
  };
}
