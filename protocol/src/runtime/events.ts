/** Typed events with an owner: `dropOwner` removes all of a unit's listeners at once. */
export class Events<Map extends object> {
  readonly #listeners = new globalThis.Map<
    keyof Map,
    Set<{ owner: object | undefined; fn: (payload: never) => void }>
  >();

  on<K extends keyof Map>(name: K, fn: (payload: Map[K]) => void, owner?: object): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    const entry = { owner, fn: fn as (payload: never) => void };
    set.add(entry);
    return () => set.delete(entry);
  }

  /** Calls every listener; one that throws does not keep the others from hearing. The first error is rethrown at the end. */
  emit<K extends keyof Map>(name: K, payload: Map[K]): void {
    let failure: unknown;
    let failed = false;
    for (const entry of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (entry.fn as (payload: Map[K]) => void)(payload);
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
    if (failed) throw failure;
  }

  dropOwner(owner: object): void {
    for (const set of this.#listeners.values()) {
      for (const entry of set) if (entry.owner === owner) set.delete(entry);
    }
  }

  count(name: keyof Map): number {
    return this.#listeners.get(name)?.size ?? 0;
  }
}
