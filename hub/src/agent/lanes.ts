import type { Run } from "./run.ts";

/** Runs of one session one after the other, of several sessions side by side up to a limit. */
export class Lanes {
  readonly #atOnce: number;
  readonly #execute: (runs: readonly Run[]) => Promise<void>;
  readonly #waiting = new Map<string, Run[]>();
  readonly #busy = new Set<string>();

  /** @param execute takes one run, or several of mode `collect` that are answered together; must not reject */
  constructor(options: { atOnce: number; execute: (runs: readonly Run[]) => Promise<void> }) {
    this.#atOnce = options.atOnce;
    this.#execute = options.execute;
  }

  waiting(key: string): readonly Run[] {
    return this.#waiting.get(key) ?? [];
  }

  /** Runs that wait, in all sessions. */
  get size(): number {
    let size = 0;
    for (const queue of this.#waiting.values()) size += queue.length;
    return size;
  }

  add(run: Run): void {
    const { key } = run.target;
    const queue = this.#waiting.get(key) ?? [];
    queue.push(run);
    this.#waiting.set(key, queue);
    this.#pump();
  }

  /** Takes a run out that has not begun; false when it is not waiting. */
  remove(run: Run): boolean {
    const queue = this.#waiting.get(run.target.key);
    const index = queue?.indexOf(run) ?? -1;
    if (queue === undefined || index < 0) return false;
    queue.splice(index, 1);
    if (queue.length === 0) this.#waiting.delete(run.target.key);
    return true;
  }

  /** Sessions are served in the order in which they began to wait. */
  #pump(): void {
    for (const [key, queue] of [...this.#waiting]) {
      if (this.#busy.size >= this.#atOnce) return;
      if (this.#busy.has(key)) continue;
      const runs = together(queue);
      if (queue.length === 0) this.#waiting.delete(key);
      this.#busy.add(key);
      void this.#execute(runs).finally(() => {
        this.#busy.delete(key);
        this.#pump();
      });
    }
  }
}

/** Takes the first, with those right behind it that asked to be collected. */
function together(queue: Run[]): Run[] {
  const first = queue.shift() as Run;
  const runs = [first];
  while (collects(first) && queue[0] && collects(queue[0])) runs.push(queue.shift() as Run);
  return runs;
}

const collects = ({ request }: Run): boolean => request.queueMode === "collect" && !request.attachments?.length;
