/** Runs what has the same key one after another: git's own locks refuse instead of waiting. */
export class Lanes {
  readonly #ends = new Map<string, Promise<unknown>>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#ends.set(key, turn);
    const forget = (): void => {
      if (this.#ends.get(key) === turn) this.#ends.delete(key);
    };
    turn.then(forget, forget);
    return turn;
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    while (this.#ends.size > 0) await Promise.allSettled(this.#ends.values());
  }
}
