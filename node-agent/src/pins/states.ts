import type { LineConfig, StartValue } from "@barnacle/hardware/gpio";
import { Type } from "@sinclair/typebox";
import type { Settings } from "../state/index.ts";

const RUNNING_KEY = "gpio.running";
const PASSING_KEY = "gpio.passing";
const Level = Type.Unsafe<0 | 1>(Type.Union([Type.Literal(0), Type.Literal(1)]));
const Passing = Type.Record(Type.String(), Level);

/** A line under a name that stays the same over restarts. */
export function keyOf({ line, chip }: Pick<LineConfig, "line" | "chip">): string {
  return `${chip ?? ""}/${line}`;
}

/**
 * What must be known of pins after a crash, on disk before it happens: that the node was running, and to which value
 * lines go back that are pulsed just now.
 */
export class PinStates {
  readonly #settings: Settings;
  readonly #passing: Map<string, 0 | 1>;
  readonly #crashed: boolean;

  /** Reads what the last run left. */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#passing = new Map(Object.entries(settings.get(PASSING_KEY, Passing) ?? {}));
    this.#crashed = settings.get(RUNNING_KEY, Type.Boolean()) ?? false;
  }

  /** The last run did not end as it should have. */
  get crashed(): boolean {
    return this.#crashed;
  }

  /**
   * After a crash: the safe value; for a line that was pulsed, the value after the pulse; then as in an ordinary start: the
   * initial value, the safe one, or as the pin is. When a chip comes back: safe, or as it was set last.
   */
  readonly startValue: StartValue = (config, last) => {
    const after = this.#passing.get(keyOf(config));
    if (last !== undefined) return config.safe ?? after ?? last;
    if (this.#crashed) return config.safe ?? after ?? config.initial;
    return after ?? config.initial ?? config.safe;
  };

  /** Before the first line is taken. */
  begin(): void {
    this.#settings.set(RUNNING_KEY, true);
  }

  /** All lines are as they should be: what was pulsed before rests, and nothing is left to be put right. */
  settled(): void {
    if (this.#passing.size === 0) return;
    this.#passing.clear();
    this.#write();
  }

  /** Every output was left as it should be. */
  end(): void {
    this.settled();
    this.#settings.set(RUNNING_KEY, false);
  }

  /** The value that a pulsed line goes back to; undefined: it is not pulsed. */
  after(key: string): 0 | 1 | undefined {
    return this.#passing.get(key);
  }

  /** On disk when it returns. */
  passing(key: string, after: 0 | 1): void {
    if (this.#passing.get(key) === after) return;
    this.#passing.set(key, after);
    this.#write();
  }

  rests(key: string): void {
    if (this.#passing.delete(key)) this.#write();
  }

  #write(): void {
    this.#settings.set(PASSING_KEY, Object.fromEntries(this.#passing));
  }
}
