import type { DatabaseSync } from "node:sqlite";

interface Job {
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit. A flush to disk costs milliseconds whatever it carries, so all writes asked for in one turn of the event
 * loop share a transaction; each has its own savepoint, so that one that fails takes nothing else with it.
 */
export class CommitBatch {
  readonly #db: DatabaseSync;
  readonly #translate: (error: unknown) => unknown;
  #jobs: Job[] = [];
  #scheduled: NodeJS.Immediate | undefined;

  constructor(db: DatabaseSync, translate: (error: unknown) => unknown) {
    this.#db = db;
    this.#translate = translate;
  }

  /** Resolves with what `run` returned once it is on disk; rejects when `run` threw or the commit failed. */
  add<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ run, resolve, reject });
      this.#scheduled ??= setImmediate(() => this.flush());
    });
  }

  /** Commits what is waiting, now. */
  flush(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const jobs = this.#jobs;
    this.#jobs = [];
    if (jobs.length === 0) return;
    const [only] = jobs;
    if (only && jobs.length === 1) {
      this.#flushOne(only);
      return;
    }
    const settle: (() => void)[] = [];
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      for (const job of jobs) settle.push(this.#runOne(job));
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      const reason = this.#translate(error);
      for (const job of jobs) job.reject(reason);
      return;
    }
    for (const done of settle) done();
  }

  /** A job that is alone needs no savepoint: what fails takes nothing with it. */
  #flushOne(job: Job): void {
    let value: unknown;
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      value = job.run();
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      job.reject(this.#translate(error));
      return;
    }
    job.resolve(value as never);
  }

  #runOne(job: Job): () => void {
    this.#db.exec("SAVEPOINT job");
    try {
      const value = job.run();
      this.#db.exec("RELEASE job");
      return () => job.resolve(value as never);
    } catch (error) {
      // A full disk may have ended the whole transaction; then nothing of the batch is kept.
      if (!this.#db.isTransaction) throw error;
      this.#db.exec("ROLLBACK TO job; RELEASE job");
      return () => job.reject(this.#translate(error));
    }
  }
}
