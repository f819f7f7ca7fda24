import { existsSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import { storeError } from "./errors.ts";
import type { RedoFile } from "./redo-file.ts";

/** The newest rows wait this long at most before the database itself has them on disk. */
const FOLD_AFTER_MS = 1000;

/** One statement as it was run: its text and its parameters. */
type Step = readonly [text: string, ...parameters: SQLInputValue[]];

export interface RedoLogOptions {
  readonly db: DatabaseSync;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly openFile: (file: string) => RedoFile;
  /** A statement of `db`, prepared once. */
  statement(text: string): StatementSync;
}

/**
 * Durable commits for a fraction of what the database needs for one: statements are run in a transaction that stays open, and
 * written to a log first. Readers on this connection see their rows at once. Folding commits the transaction, and with it
 * the number of the newest record, so that after a crash exactly the records behind it are run again. Whatever else
 * wants to commit joins the open transaction and folds it.
 */
export class RedoLog {
  readonly #options: RedoLogOptions;
  readonly #path: string;
  #file: RedoFile | undefined;
  /** No such file can be had here: everything is committed by the database alone. */
  #without = true;
  /** Number of the newest record, and of the newest that was acknowledged. */
  #seq = 0;
  #kept = 0;
  #steps: Step[] | undefined;
  #open = false;
  /** Rows that only the log has are not in the transaction: nothing is written before they are there again. */
  #lost = false;
  /** The database could not be written. The log takes nothing before that is over, so that it is noticed. */
  #failed = false;
  #cancel: (() => void) | undefined;

  constructor(options: RedoLogOptions) {
    this.#options = options;
    this.#path = path.join(options.stateDir, "barnacle.redo");
  }

  /**
   * Before the schema is brought up to date: the log's statements are of the schema that they were written for.
   * @throws STATE_DAMAGED when the log is not that of this database
   */
  recover(): void {
    const { db, log } = this.#options;
    if (!this.#known() || !existsSync(this.#path)) return;
    const before = this.#committed();
    try {
      this.#file = this.#options.openFile(this.#path);
      db.exec("BEGIN IMMEDIATE");
      this.#seq = this.#replay(Number.POSITIVE_INFINITY);
      if (this.#seq > before) this.#commit();
      else this.#run("ROLLBACK");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
    const records = this.#seq - before;
    if (records > 0) log.warn({ records }, "rows that only the log had are in the database now");
  }

  /** After it. */
  start(): void {
    if (!this.#known()) return;
    this.#seq = this.#committed();
    this.#kept = this.#seq;
    this.#without = false;
  }

  /** Folds what it can; the rest stays in the log for the next start. */
  stop(): void {
    try {
      if (this.#open) this.#fold();
    } catch (error) {
      this.#options.log.warn({ problem: messageOf(error) }, "the newest rows stay in the log until the next start");
    }
    this.#cancel?.();
    this.#cancel = undefined;
    this.#file?.close();
    this.#file = undefined;
  }

  /** The transaction stays open, because it has rows that only the log has on disk. */
  get open(): boolean {
    return this.#open;
  }

  /** Whether the next commit may go through the log; else the database must take it. */
  usable(): boolean {
    if (this.#without || this.#failed || this.#lost) return false;
    if (this.#file) return true;
    try {
      this.#file = this.#options.openFile(this.#path);
      return true;
    } catch (error) {
      this.#options.log.warn({ problem: messageOf(error) }, "no log can be kept; every commit is the database's own");
      this.#without = true;
      return false;
    }
  }

  /** Before anything is written. @throws when rows that only the log has cannot be run again */
  begin(): void {
    if (this.#lost) this.#restore();
    if (!this.#options.db.isTransaction) this.#run("BEGIN IMMEDIATE");
  }

  /** Notes the statements that follow. */
  record(): void {
    this.#steps = [];
  }

  get recording(): boolean {
    return this.#steps !== undefined;
  }

  /** A statement that was run. */
  note(text: string, parameters: readonly SQLInputValue[]): void {
    this.#steps?.push([text, ...parameters]);
  }

  /** How many are noted, for `cut`, which forgets those after it. */
  get noted(): number {
    return this.#steps?.length ?? 0;
  }

  cut(noted: number): void {
    if (this.#steps) this.#steps.length = noted;
  }

  /**
   * Ends the recording and makes it durable: in the log, or with the whole transaction in the database when the log has no
   * room. @throws STATE_UNWRITABLE, what the database says; then the caller has it undone
   */
  keep(): void {
    const steps = this.#steps ?? [];
    this.#steps = undefined;
    const record = JSON.stringify(steps);
    if (steps.length > 0 && this.#file?.fits(record)) this.#append(record);
    else if (steps.length > 0) this.commit();
    else if (!this.#open) this.#run("ROLLBACK");
  }

  #append(record: string): void {
    // A record that may or may not be on disk counts as used: the next fold leaves it behind.
    this.#seq += 1;
    this.#open = true;
    this.#cancel ??= this.#options.clock.after(FOLD_AFTER_MS, () => this.#foldLater());
    try {
      this.#file?.append(this.#seq, record);
    } catch (error) {
      this.#without = true;
      throw new BarnacleError("STATE_UNWRITABLE", `${this.#path} cannot be written: ${messageOf(error)}`, {
        cause: error,
        details: { file: this.#path },
      });
    }
    this.#kept = this.#seq;
  }

  /** Commits the transaction. @throws what the database says; then the caller undoes it */
  commit(): void {
    if (this.#open) this.#fold();
    else this.#run("COMMIT");
  }

  /** Undoes the transaction, all but what the log has. */
  undo(): void {
    const { db, log } = this.#options;
    this.#steps = undefined;
    try {
      if (db.isTransaction) this.#run("ROLLBACK");
      if (this.#open) this.#restore();
    } catch (error) {
      log.error({ problem: messageOf(error) }, "rows that only the log has are out of sight until there is room");
    }
  }

  #fold(): void {
    try {
      if (this.#lost) this.#restore();
      this.#commit();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  #foldLater(): void {
    this.#cancel = undefined;
    try {
      if (this.#open) this.#fold();
    } catch (error) {
      this.undo();
      this.#options.log.error({ problem: messageOf(error) }, "the newest rows are in the log only");
    }
  }

  #commit(): void {
    this.#run("UPDATE redo SET seq = ?", this.#seq);
    this.#run("COMMIT");
    this.#file?.rewind();
    this.#kept = this.#seq;
    this.#open = false;
    this.#failed = false;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #restore(): void {
    const { db } = this.#options;
    this.#lost = true;
    try {
      this.#run("BEGIN IMMEDIATE");
      this.#replay(this.#kept);
      this.#lost = false;
    } catch (error) {
      if (db.isTransaction) this.#run("ROLLBACK");
      throw error;
    }
  }

  /** Runs the records behind the newest in the database, up to number `last`. @returns the number of the last one run */
  #replay(last: number): number {
    let seq = this.#committed();
    for (const record of this.#file?.records() ?? []) {
      if (record.seq <= seq) continue;
      if (record.seq > last) break;
      if (record.seq !== seq + 1) throw this.#misfit(`record ${record.seq} follows ${seq}`);
      for (const [text, ...parameters] of JSON.parse(record.text) as Step[]) this.#again(text, parameters);
      seq = record.seq;
    }
    return seq;
  }

  #again(text: string, parameters: SQLInputValue[]): void {
    try {
      this.#run(text, ...parameters);
    } catch (error) {
      const named = storeError(error, this.#path);
      throw named.code === "INTERNAL" ? this.#misfit(messageOf(error), error) : named;
    }
  }

  #misfit(problem: string, cause?: unknown): BarnacleError {
    return new BarnacleError("STATE_DAMAGED", `${this.#path} is not the log of its database: ${problem}`, {
      ...{ cause, details: { file: this.#path } },
      hint: "If the database was put back from a copy, move this file away; else keep both for inspection.",
    });
  }

  #known(): boolean {
    return this.#options.db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'redo'").get() !== undefined;
  }

  #committed(): number {
    return Number(this.#options.statement("SELECT seq FROM redo").get()?.seq);
  }

  #run(text: string, ...parameters: SQLInputValue[]): void {
    this.#options.statement(text).run(...parameters);
  }
}
