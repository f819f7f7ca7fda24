import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import type { Kysely } from "kysely";
import { CommitBatch } from "./batch.ts";
import { kyselyOver } from "./dialect.ts";
import { storeError } from "./errors.ts";
import { lockStateDir } from "./lock.ts";
import { isUpToDate, type Migration, migrate } from "./migrate.ts";
import { RedoFile } from "./redo-file.ts";
import { RedoLog } from "./redo-log.ts";

export interface StoreOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long somebody else's lock is waited for, in ms; default 0. Nothing else runs meanwhile. */
  readonly lockWaitMs?: number;
  /** A store that stopped in order is not looked through at the start: for commands that open it for a moment. */
  readonly trusted?: boolean;
  /** Default: all of the hub's. */
  readonly migrations?: readonly Migration[];
  /** Default: the real one. */
  readonly openRedoFile?: (file: string) => RedoFile;
}

/** Checking takes 5 ms per megabyte, so a larger database is checked only when the hub did not stop in order. */
const ALWAYS_CHECKED_BYTES = 16 * 1024 * 1024;

export type Row = Record<string, null | number | bigint | string | Uint8Array>;

interface Prepared {
  readonly statement: StatementSync;
  readonly writes: boolean;
}

/**
 * The hub's one database: `<stateDir>/barnacle.db`, mode 0600, write-ahead log, every commit flushed to disk; before it a log of
 * its own, `barnacle.redo`, for what is committed by `commitByLog`. Calls are synchronous on one connection, so between two awaits nothing else runs; the folder that owns a table is the only one
 * that writes it.
 */
export class Store implements Unit {
  readonly stateDir: string;
  readonly file: string;
  readonly #options: StoreOptions;
  #db: DatabaseSync | undefined;
  #redo: RedoLog | undefined;
  #batch: CommitBatch | undefined;
  #unlock: (() => void) | undefined;
  #kysely: Promise<Kysely<unknown>> | undefined;
  #depth = 0;
  readonly #statements = new Map<string, Prepared>();

  constructor(options: StoreOptions) {
    this.#options = options;
    this.stateDir = options.stateDir;
    this.file = path.join(options.stateDir, "barnacle.db");
  }

  /** @throws STATE_LOCKED, STATE_UNWRITABLE, STATE_DAMAGED, STATE_NEWER */
  async start(): Promise<void> {
    this.#makeDirectory();
    this.#unlock = lockStateDir(this.stateDir, process.pid, this.#options.lockWaitMs);
    try {
      const db = this.#open();
      this.#db = db;
      const { stateDir } = this;
      const { clock, log, openRedoFile: openFile = (file) => new RedoFile(file) } = this.#options;
      const statement = (text: string) => this.#prepared(text).statement;
      const redo = new RedoLog({ db, stateDir, clock, log, openFile, statement });
      this.#redo = redo;
      redo.recover();
      const inside = (run: () => unknown) => this.#inside(run);
      this.#batch = new CommitBatch({ db, redo, inside, translate: (error) => storeError(error, this.file) });
      const applied = await this.#migrate(db, clock.now());
      redo.start();
      if (applied.length > 0) log.info({ migrations: applied }, "database schema brought up to date");
    } catch (error) {
      await this.stop();
      throw storeError(error, this.file);
    }
  }

  /** The migrations are loaded when one is missing: a command that opens the store for a moment mostly needs none. */
  async #migrate(db: DatabaseSync, nowMs: number): Promise<readonly number[]> {
    const { migrations } = this.#options;
    if (migrations) return migrate(db, migrations, nowMs);
    if (isUpToDate(db)) return [];
    const { MIGRATIONS } = await import("./migrations/index.ts");
    return migrate(db, MIGRATIONS, nowMs);
  }

  async stop(): Promise<void> {
    this.#batch?.flush();
    this.#batch = undefined;
    this.#redo?.stop();
    this.#redo = undefined;
    this.#statements.clear();
    this.#kysely = undefined;
    this.#db?.close();
    this.#db = undefined;
    this.#unlock?.();
    this.#unlock = undefined;
  }

  /** The raw connection, for what the methods below do not cover; what the log has is in the database by then. */
  get db(): DatabaseSync {
    const db = this.#connection;
    if (this.#redo?.recording) throw new BarnacleError("INTERNAL", "a commit by the log writes with Store.run");
    if (this.#redo?.open && this.#depth === 0) this.transaction(() => {});
    return db;
  }

  get #connection(): DatabaseSync {
    if (this.#db) return this.#db;
    throw new BarnacleError("HUB_STOPPING", "the store is not open");
  }

  /** The first row, or undefined. Numbers stay numbers: times and counts are below 2^53. */
  one(text: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.#execute(text, parameters, (statement) => statement.get(...parameters)) as Row | undefined;
  }

  all(text: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#execute(text, parameters, (statement) => statement.all(...parameters)) as Row[];
  }

  /** @returns the number of rows changed */
  run(text: string, ...parameters: SQLInputValue[]): number {
    return Number(this.#execute(text, parameters, (statement) => statement.run(...parameters)).changes);
  }

  /** Kysely for queries put together at run time; `Tables` are the caller's own row types. Loaded on first use. */
  query<Tables>(): Promise<Kysely<Tables>> {
    this.#kysely ??= kyselyOver<unknown>((text) => (isReading(text) ? this.#connection : this.db));
    return this.#kysely as unknown as Promise<Kysely<Tables>>;
  }

  /**
   * Runs `fn` in one transaction, on disk when this returns. `fn` must be synchronous. Inside another transaction it
   * becomes a savepoint of that one.
   * @throws what `fn` throws, STATE_UNWRITABLE
   */
  transaction<T>(fn: () => T): T {
    const db = this.#connection;
    const redo = this.#redo as RedoLog;
    const nested = this.#depth > 0 || (db.isTransaction && !redo.open);
    try {
      if (nested) return this.#savepoint(fn);
      redo.begin();
      const result = redo.open ? this.#savepoint(fn) : this.#inside(() => synchronous(fn()));
      redo.commit();
      return result;
    } catch (error) {
      if (!nested) redo.undo();
      throw storeError(error, this.file);
    }
  }

  /**
   * Like `transaction`, but shares its flush to disk with everything else asked for in the same turn of the event loop.
   * The ordinary way to write: under load it is many times faster.
   */
  commit<T>(fn: () => T): Promise<T> {
    return this.#commit(fn, false);
  }

  /**
   * Like `commit`, and as durable, for half the price: the rows are flushed to a log and reach the database within a second.
   * For what is written all the time; `fn` may write with `run` only.
   */
  commitByLog<T>(fn: () => T): Promise<T> {
    return this.#commit(fn, true);
  }

  async #commit<T>(fn: () => T, byLog: boolean): Promise<T> {
    if (this.#batch) return this.#batch.add(fn, byLog);
    throw new BarnacleError("HUB_STOPPING", "the store is not open");
  }

  /** Like `commit`, for what nobody waits for at a terminal: flushed within 10 ms, together with all that comes meanwhile. */
  async commitSoon<T>(fn: () => T): Promise<T> {
    if (this.#batch) return this.#batch.addSoon(fn);
    throw new BarnacleError("HUB_STOPPING", "the store is not open");
  }

  /** A transaction that a power cut may undo (never a crash of the hub): for telemetry and last-seen times. */
  relaxed(fn: () => void): void {
    // Rows that only the log has must not become part of one that a power cut may undo.
    if (this.#redo?.open) {
      this.transaction(fn);
      return;
    }
    this.db.exec("PRAGMA synchronous = NORMAL");
    try {
      this.transaction(fn);
    } finally {
      this.db.exec("PRAGMA synchronous = FULL");
    }
  }

  #savepoint<T>(fn: () => T): T {
    const db = this.#connection;
    const name = `t${this.#depth}`;
    const noted = this.#redo?.noted ?? 0;
    db.exec(`SAVEPOINT ${name}`);
    try {
      const result = this.#inside(() => synchronous(fn()));
      db.exec(`RELEASE ${name}`);
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      this.#redo?.cut(noted);
      throw error;
    }
  }

  #inside<T>(fn: () => T): T {
    this.#depth++;
    try {
      return fn();
    } finally {
      this.#depth--;
    }
  }

  #execute<T>(text: string, parameters: readonly SQLInputValue[], run: (statement: StatementSync) => T): T {
    const { statement, writes } = this.#prepared(text);
    if (!writes) return run(statement);
    const redo = this.#redo as RedoLog;
    // A statement on its own is a transaction, also while another one is kept open.
    if (this.#depth === 0 && redo.open) return this.transaction(() => run(statement));
    const result = run(statement);
    redo.note(text, parameters);
    return result;
  }

  #prepared(text: string): Prepared {
    const known = this.#statements.get(text);
    if (known) return known;
    const prepared = { statement: this.#connection.prepare(text), writes: !isReading(text) };
    this.#statements.set(text, prepared);
    return prepared;
  }

  #makeDirectory(): void {
    try {
      if (!existsSync(this.stateDir)) mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new BarnacleError(
        "STATE_UNWRITABLE",
        `the state directory ${this.stateDir} cannot be made: ${messageOf(error)}`,
        { cause: error, details: { stateDir: this.stateDir } },
      );
    }
  }

  #open(): DatabaseSync {
    // SQLite gives its log files the mode of the database, so the umask must not decide.
    const before = process.umask(0o077);
    try {
      const always = this.#options.trusted ? 0 : ALWAYS_CHECKED_BYTES;
      const doubtful = endedBadly(this.file) || sizeOf(this.file) <= always;
      const db = new DatabaseSync(this.file, { enableForeignKeyConstraints: true });
      try {
        db.exec(
          "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY",
        );
        chmodSync(this.file, 0o600);
        if (doubtful) checkIntegrity(db, this.file);
        return db;
      } catch (error) {
        db.close();
        throw error;
      }
    } finally {
      process.umask(before);
    }
  }
}

function isReading(text: string): boolean {
  return /^\s*(select|pragma|explain)\b/i.test(text);
}

function synchronous<T>(result: T): T {
  if (result instanceof Promise) throw new BarnacleError("INTERNAL", "a transaction must be synchronous");
  return result;
}

/** A store that stopped in order leaves no log behind. */
function endedBadly(file: string): boolean {
  return sizeOf(`${file}-wal`) > 0;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function checkIntegrity(db: DatabaseSync, file: string): void {
  const row = db.prepare("PRAGMA quick_check(1)").get();
  const verdict = Object.values(row ?? {})[0];
  if (verdict === "ok") return;
  throw new BarnacleError("STATE_DAMAGED", `${file} is damaged: ${String(verdict)}`, { details: { file } });
}
