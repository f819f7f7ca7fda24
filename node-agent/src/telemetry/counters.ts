/** Numbers since the start of the process; they travel with the telemetry. */
export class Counters {
  readonly #values = new Map<string, number>();

  add(name: string, amount = 1): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + amount);
  }

  get(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  all(): Record<string, number> {
    return Object.fromEntries(this.#values);
  }
}
