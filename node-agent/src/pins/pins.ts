import type { GpioPort, LineRef, LineState } from "@barnacle/hardware/gpio";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import { type JsonObject, pinName } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { GpioLine } from "../config/index.ts";
import type { Settings } from "../state/index.ts";
import type { Counters } from "../telemetry/counters.ts";
import { Edges } from "./edges.ts";
import { keyOf, type PinStates } from "./states.ts";

const WATCH_KEY = "gpio.watch";
const Watch = Type.Record(Type.String(), Type.Boolean());

export interface PinsParts {
  readonly port: GpioPort;
  readonly lines: readonly GpioLine[];
  readonly states: PinStates;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** How long the hub may be away until outputs take their safe values; 0: for ever. */
  readonly safeAfterMs: number;
  readonly edgesPerS: number;
  /** Tells the hub; what it must not miss even when it is away. */
  readonly tell: (kind: string, data: JsonObject, at: number) => void;
  /** What the node can do may have changed. */
  readonly changed: () => void;
}

/** A line with its settings. */
interface Pin {
  readonly config: GpioLine;
  readonly state: LineState;
  readonly key: string;
}

/**
 * The node's pins over time: pulses that end whatever happens, safe values when the node stops, crashes or loses its hub,
 * and edges told to the hub.
 */
export class Pins implements Unit {
  readonly #parts: PinsParts;
  readonly #edges: Edges;
  /** Ends of pulses, by line. */
  readonly #pulses = new Map<string, { readonly endsAt: number; readonly cancel: () => void }>();
  #undo: (() => void)[] = [];
  #watched: Record<string, boolean> = {};
  #grace: (() => void) | undefined;

  constructor(parts: PinsParts) {
    this.#parts = parts;
    const { clock, counters, edgesPerS, tell } = parts;
    this.#edges = new Edges({ clock, counters, perS: edgesPerS, tell });
  }

  async start(): Promise<void> {
    const { port, settings, states, lines, log } = this.#parts;
    this.#watched = settings.get(WATCH_KEY, Watch) ?? {};
    if (states.crashed) log.warn({ lines: lines.length }, "the node ended unexpectedly; its pins were made safe");
    this.#undo = [
      port.onEdge((edge) => {
        const pin = this.#pins().find(({ state }) => state.line === edge.line && state.chip === edge.chip);
        if (pin && this.#watches(pin)) this.#edges.report(edge);
      }),
      port.onChange(() => {
        this.#parts.changed();
        for (const { state, key } of this.#pins()) {
          if (state.unavailable === undefined && states.after(key) !== undefined && !this.#pulses.has(key)) {
            void this.#rest(key);
          }
        }
      }),
    ];
    // What was pulsed when the last run ended rests since the lines were opened, save those that cannot be had yet.
    if (this.#pins().every(({ state }) => state.unavailable === undefined)) states.settled();
    this.connection(false);
  }

  /** Pulses end, outputs take their safe values; then the node may go. */
  async stop(): Promise<void> {
    const { states, log } = this.#parts;
    for (const undo of this.#undo.splice(0)) undo();
    this.#grace?.();
    this.#grace = undefined;
    this.#edges.stop();
    const failed = await this.#makeSafe(true);
    // Otherwise the next start takes them for what a crash left.
    if (failed.length === 0) states.end();
    else log.warn({ lines: failed }, "pins could not be made safe");
  }

  /** Why none of them can be used. */
  get problem(): string | undefined {
    const states = this.#parts.port.list();
    const [first] = states;
    return states.every(({ unavailable }) => unavailable !== undefined) ? first?.unavailable : undefined;
  }

  /** Whether the hub is there. */
  connection(here: boolean): void {
    const { clock, safeAfterMs, tell, log } = this.#parts;
    if (here || safeAfterMs === 0) {
      this.#grace?.();
      this.#grace = undefined;
      return;
    }
    this.#grace ??= clock.after(safeAfterMs, async () => {
      const before = this.#unsafe();
      if (before.length === 0) return;
      log.warn({ lines: before }, "the hub is away; outputs take their safe values");
      await this.#makeSafe(false);
      tell("gpio.safe", { lines: before, reason: "the hub was away" }, Math.floor(clock.now()));
    });
  }

  list(): JsonObject[] {
    return this.#pins().map((pin) => {
      const { config, state, key } = pin;
      const pulse = this.#pulses.get(key);
      return {
        ...state,
        ...(config.activeLow ? { activeLow: true } : {}),
        ...(config.bias === undefined ? {} : { bias: config.bias }),
        ...(config.debounceMs === undefined ? {} : { debounceMs: config.debounceMs }),
        ...(config.safe === undefined ? {} : { safe: config.safe }),
        ...(pulse === undefined ? {} : { pulseEndsAt: Math.floor(pulse.endsAt) }),
        ...(state.direction === "in" ? { watched: this.#watches(pin), ...this.#edges.counts(state) } : {}),
      };
    });
  }

  async read(line: LineRef): Promise<JsonObject> {
    return { ...this.#named(line), value: await this.#parts.port.read(line) };
  }

  async write(line: LineRef, value: 0 | 1): Promise<JsonObject> {
    await this.#parts.port.write(line, value);
    const pin = this.#find(line);
    if (pin) this.#forget(pin.key);
    return { ...this.#named(line), value };
  }

  async pwm(line: LineRef, percent: number): Promise<JsonObject> {
    const { states, port } = this.#parts;
    const pin = this.#find(line);
    const pulsed = percent > 0 && percent < 100;
    // Where a process that pulses a pin dies, the pin stays wherever it was.
    if (pin?.config.direction === "out" && pulsed) states.passing(pin.key, 0);
    await port.pwm(line, percent / 100);
    if (pin && !pulsed) this.#forget(pin.key);
    else if (pin) this.#stopTimer(pin.key);
    return { ...this.#named(line), percent };
  }

  /** `value` for `ms`, then the other one. One that is under way is counted from now on. */
  async pulse(line: LineRef, value: 0 | 1, ms: number): Promise<JsonObject> {
    const { port, states, clock } = this.#parts;
    const pin = this.#find(line);
    // Says what is wrong with the line before anything is written down.
    if (pin?.config.direction !== "out" || pin.state.unavailable !== undefined) await port.write(line, value);
    if (!pin) throw new BarnacleError("COMMAND_PARAMS", `GPIO line ${line} is not configured`);
    states.passing(pin.key, value === 1 ? 0 : 1);
    try {
      await port.write(line, value);
    } catch (error) {
      if (!this.#pulses.has(pin.key)) states.rests(pin.key);
      throw error;
    }
    this.#stopTimer(pin.key);
    const cancel = clock.after(ms, () => void this.#rest(pin.key));
    this.#pulses.set(pin.key, { endsAt: clock.now() + ms, cancel });
    return { ...this.#named(line), value, ms };
  }

  /** Whether edges of an input are told to the hub; it stays so over restarts. @throws COMMAND_PARAMS */
  watch(line: LineRef, on: boolean): JsonObject {
    const pin = this.#find(line);
    if (!pin) throw new BarnacleError("COMMAND_PARAMS", `GPIO line ${line} is not configured`);
    if (pin.config.direction === "out") {
      throw new BarnacleError("COMMAND_PARAMS", `GPIO line ${line} is an output; only inputs have edges`);
    }
    this.#watched = { ...this.#watched, [pin.key]: on };
    this.#parts.settings.set(WATCH_KEY, this.#watched);
    return { ...this.#named(line), watched: on, ...this.#edges.counts(pin.state) };
  }

  watched(line: LineRef): boolean | undefined {
    const pin = this.#find(line);
    return pin && this.#watches(pin);
  }

  state(line: LineRef): (LineState & Pick<GpioLine, "bias">) | undefined {
    const pin = this.#find(line);
    return pin && { ...pin.state, ...(pin.config.bias === undefined ? {} : { bias: pin.config.bias }) };
  }

  #watches({ config, key }: Pin): boolean {
    return config.direction === "in" && (this.#watched[key] ?? config.watch ?? true);
  }

  /** The end of a pulse. A line that cannot be had now gets its value when it can. */
  async #rest(key: string): Promise<void> {
    const { port, states, log } = this.#parts;
    this.#stopTimer(key);
    const pin = this.#pins().find((one) => one.key === key);
    const after = states.after(key);
    if (!pin || after === undefined) return;
    try {
      await port.write(refOf(pin), after);
      states.rests(key);
    } catch (error) {
      log.warn({ line: key, reason: messageOf(error) }, "a pulse could not be ended; it is when the line is back");
    }
  }

  /** Outputs whose safe value is another than theirs. */
  #unsafe(): LineRef[] {
    return this.#pins()
      .filter(({ config, state }) => config.safe !== undefined && (state.value !== config.safe || "duty" in state))
      .map(refOf);
  }

  /** @returns the lines that could not be written */
  async #makeSafe(pulsesToo: boolean): Promise<LineRef[]> {
    const { port, states } = this.#parts;
    const failed: LineRef[] = [];
    for (const pin of this.#pins()) {
      const value = pin.config.safe ?? (pulsesToo ? states.after(pin.key) : undefined);
      if (value === undefined) continue;
      try {
        await port.write(refOf(pin), value);
        this.#forget(pin.key);
      } catch {
        this.#stopTimer(pin.key);
        failed.push(refOf(pin));
      }
    }
    return failed;
  }

  #forget(key: string): void {
    this.#stopTimer(key);
    this.#parts.states.rests(key);
  }

  #stopTimer(key: string): void {
    this.#pulses.get(key)?.cancel();
    this.#pulses.delete(key);
  }

  #named(line: LineRef): JsonObject {
    const { state } = this.#find(line) ?? {};
    const { name, chip } = state ?? {};
    return {
      line: state?.line ?? line,
      ...(name === undefined ? {} : { name }),
      ...(chip === undefined ? {} : { chip }),
    };
  }

  #find(line: LineRef): Pin | undefined {
    const pins = this.#pins();
    if (typeof line === "number") return pins.find(({ state }) => state.line === line && state.chip === undefined);
    const wanted = pinName(line);
    return pins.find(({ config }) =>
      [config.name, config.line].some((known) => typeof known === "string" && pinName(known) === wanted),
    );
  }

  /** Ports list their lines as they are configured. */
  #pins(): Pin[] {
    const { port, lines } = this.#parts;
    return port.list().flatMap((state, i) => {
      const config = lines[i];
      return config ? [{ config, state, key: keyOf(config) }] : [];
    });
  }
}

function refOf({ config }: Pin): LineRef {
  return config.name ?? config.line;
}
