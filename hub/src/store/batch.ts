import type { DatabaseSync } from "node:sqlite";
import type { RedoLog } from "./redo-log.ts";

/** Thousands of nodes that come back at once come one by one as far as the event loop can see. */
const SOON_MS = 10;

interface Job {
  /** Wants no more than `run` of the store, so that the log can take it. */
  readonly byLog: boolean;
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export interface CommitBatchOptions {
  readonly db: DatabaseSync;
  readonly redo: RedoLog;
  /** Runs a job as part of a transaction. */
  inside(run: () => unknown): unknown;
  translate(error: unknown): unknown;
}

/**
 * Group commit. A flush to disk costs milliseconds whatever it carries, so all writes asked for in one turn of the event
 * loop share one; each has its own savepoint, so that one that fails takes nothing else with it. The log takes a batch when
 * it can take all of it.
 */
export class CommitBatch {
  readonly #options: CommitBatchOptions;
  #jobs: Job[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #soon: NodeJS.Timeout | undefined;

  constructor(options: CommitBatchOptions) {
    this.#options = options;
  }

  /** Resolves with what `run` returned once it is on disk; rejects when `run` threw or the commit failed. */
  add<T>(run: () => T, byLog: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ byLog, run, resolve, reject });
      this.#scheduled ??= setImmediate(() => this.flush());
    });
  }

  /** As `add`, but waits a few milliseconds for others to share the flush with. */
  addSoon<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ byLog: false, run, resolve, reject });
      this.#soon ??= setTimeout(() => this.flush(), SOON_MS);
    });
  }

  /** Commits what is waiting, now. */
  flush(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const jobs = this.#jobs;
    this.#jobs = [];
    if (jobs.length === 0) return;
    const { redo, translate } = this.#options;
    let settle: readonly (() => void)[];
    try {
      settle = jobs.every((job) => job.byLog) && redo.usable() ? this.#byLog(jobs) : this.#byDatabase(jobs);
    } catch (error) {
      redo.undo();
      const reason = translate(error);
      for (const job of jobs) job.reject(reason);
      return;
    }
    for (const done of settle) done();
  }

  #byDatabase(jobs: readonly Job[]): (() => void)[] {
    const { redo } = this.#options;
    redo.begin();
    // A job that is alone needs no savepoint: what fails takes nothing with it.
    const [only] = jobs;
    const settle = only && jobs.length === 1 && !redo.open ? [this.#run(only)] : jobs.map((job) => this.#runOne(job));
    redo.commit();
    return settle;
  }

  /** Without a savepoint around it all: a failure is rare, and `abandon` brings back what the log has. */
  #byLog(jobs: readonly Job[]): (() => void)[] {
    const { redo } = this.#options;
    redo.begin();
    redo.record();
    const [only] = jobs;
    const settle = only && jobs.length === 1 ? [this.#run(only)] : jobs.map((job) => this.#runOne(job));
    redo.keep();
    return settle;
  }

  #run(job: Job): () => void {
    const value = this.#options.inside(job.run);
    return () => job.resolve(value as never);
  }

  #runOne(job: Job): () => void {
    const { db, redo, translate } = this.#options;
    const { noted } = redo;
    db.exec("SAVEPOINT job");
    try {
      const done = this.#run(job);
      db.exec("RELEASE job");
      return done;
    } catch (error) {
      // A full disk may have ended the whole transaction; then nothing of the batch is kept.
      if (!db.isTransaction) throw error;
      db.exec("ROLLBACK TO job; RELEASE job");
      redo.cut(noted);
      return () => job.reject(translate(error));
    }
  }
}
