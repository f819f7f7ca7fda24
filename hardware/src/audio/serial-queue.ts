/**
 * Runs jobs one after another, in order of arrival. `supersede` makes jobs that were accepted before it stale: they
 * learn so through their argument, and jobs accepted after it find the state that its `change` left.
 */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #generation = 0;

  run<T>(job: (stale: () => boolean) => Promise<T>): Promise<T> {
    const generation = this.#generation;
    const stale = (): boolean => generation !== this.#generation;
    const result = this.#tail.then(() => job(stale));
    this.#tail = result.catch(() => {
      // The caller of `run` gets the error; the queue goes on with the next job.
    });
    return result;
  }

  supersede(change: () => void): void {
    this.#generation++;
    this.#tail = this.#tail.then(change);
  }

  /** Resolves when all accepted jobs are done. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
