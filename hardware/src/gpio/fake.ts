import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Availability } from "../availability.ts";
import type { GpioEdge, GpioPort, LineConfig, LineState } from "./port.ts";
import type { StateFile, StoredLine } from "./state-file.ts";

interface Line {
  readonly config: LineConfig;
  value: 0 | 1;
  duty: number | undefined;
  /** How often it was set, over restarts too when there is a file. */
  writes: number;
}

/**
 * Pins that exist in memory only. Values are logical, as in the port: `activeLow` changes `level`, the voltage that a
 * meter would see. With a state file, every change is written down before the call returns, and a line without an
 * `initial` keeps its value over a restart of the process, as a pin of the board does.
 */
export class FakeGpio implements GpioPort {
  readonly name = "fake";
  readonly #clock: Clock;
  readonly #file: StateFile | undefined;
  readonly #lines = new Map<number, Line>();
  readonly #listeners = new Set<(edge: GpioEdge) => void>();

  constructor(clock: Clock, file?: StateFile) {
    this.#clock = clock;
    this.#file = file;
  }

  async availability(): Promise<Availability> {
    return { available: true, detail: "simulated" };
  }

  /** @throws CONFIG_INVALID for a line that is named twice, STATE_UNWRITABLE */
  async open(lines: readonly LineConfig[]): Promise<void> {
    this.#lines.clear();
    const before = await this.#file?.read();
    for (const config of lines) {
      if (this.#lines.has(config.line)) {
        throw new BarnacleError("CONFIG_INVALID", `GPIO line ${config.line} is configured twice`);
      }
      const kept = before?.lines.find((known) => known.line === config.line);
      const value = config.initial ?? kept?.value ?? 0;
      this.#lines.set(config.line, { config, value, duty: undefined, writes: kept?.writes ?? 0 });
    }
    await this.#file?.write(this.#stored());
  }

  async read(line: number): Promise<0 | 1> {
    return this.#line(line).value;
  }

  async write(line: number, value: 0 | 1): Promise<void> {
    const found = this.#output(line);
    if (value !== 0 && value !== 1) {
      throw new BarnacleError("COMMAND_PARAMS", `GPIO value is ${String(value)}, expected 0 or 1`);
    }
    found.duty = undefined;
    await this.#set(found, value);
  }

  async pwm(line: number, duty: number): Promise<void> {
    const found = this.#output(line);
    if (!(duty >= 0 && duty <= 1)) {
      throw new BarnacleError("COMMAND_PARAMS", `GPIO duty is ${String(duty)}, expected 0 to 1`);
    }
    found.duty = duty;
    await this.#set(found, duty > 0 ? 1 : 0);
  }

  list(): readonly LineState[] {
    return [...this.#lines.values()].map(({ config, value, duty }) => ({
      line: config.line,
      ...(config.name === undefined ? {} : { name: config.name }),
      direction: config.direction,
      value,
      ...(duty === undefined ? {} : { duty }),
    }));
  }

  onEdge(listener: (edge: GpioEdge) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#lines.clear();
    this.#listeners.clear();
  }

  /** The voltage on the pin: 1 is high. */
  level(line: number): 0 | 1 {
    const { config, value } = this.#line(line);
    return config.activeLow ? (value === 1 ? 0 : 1) : value;
  }

  /** The world drives an input to a voltage; an edge is told when its logical value changes. */
  async drive(line: number, level: 0 | 1): Promise<void> {
    const found = this.#line(line);
    if (found.config.direction !== "in") throw new BarnacleError("COMMAND_PARAMS", `GPIO line ${line} is an output`);
    await this.#set(found, found.config.activeLow ? (level === 1 ? 0 : 1) : level);
  }

  async #set(found: Line, value: 0 | 1): Promise<void> {
    const changed = found.value !== value;
    found.value = value;
    found.writes += 1;
    await this.#file?.write(this.#stored());
    if (!changed || found.config.direction !== "in") return;
    for (const listener of [...this.#listeners]) listener({ line: found.config.line, value, at: this.#clock.now() });
  }

  #stored(): StoredLine[] {
    return this.list().map((state) => ({ ...state, writes: this.#line(state.line).writes }));
  }

  #output(line: number): Line {
    const found = this.#line(line);
    if (found.config.direction === "out") return found;
    throw new BarnacleError("COMMAND_PARAMS", `GPIO line ${line} is an input; it can only be read`);
  }

  #line(line: number): Line {
    const found = this.#lines.get(line);
    if (found) return found;
    const known = [...this.#lines.keys()].join(", ") || "none";
    throw new BarnacleError("COMMAND_PARAMS", `GPIO line ${line} is not configured; configured: ${known}`);
  }
}
