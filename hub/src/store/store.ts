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
import { type Migration, migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/index.ts";

export interface StoreOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: all of the hub's. */
  readonly migrations?: readonly Migration[];
}

/** Checking takes 5 ms per megabyte, so a larger database is checked only when the hub did not stop in order. */
const ALWAYS_CHECKED_BYTES = 16 * 1024 * 1024;

export type Row = Record<string, null | number | bigint | string | Uint8Array>;

/**
 * The hub's one database: `<stateDir>/barnacle.db`, mode 0600, write-ahead log, every commit flushed to disk. Calls are
 * synchronous on one connection, so between two awaits nothing else runs; the folder that owns a table is the only one
 * that writes it.
 */
export class Store implements Unit {
  readonly stateDir: string;
  readonly file: string;
  readonly #options: StoreOptions;
  #db: DatabaseSync | undefined;
  #batch: CommitBatch | undefined;
  #unlock: (() => void) | undefined;
  #kysely: Promise<Kysely<unknown>> | undefined;
  #depth = 0;
  readonly #statements = new Map<string, StatementSync>();

  constructor(options: StoreOptions) {
    this.#options = options;
    this.stateDir = options.stateDir;
    this.file = path.join(options.stateDir, "barnacle.db");
  }

  /** @throws STATE_LOCKED, STATE_UNWRITABLE, STATE_DAMAGED, STATE_NEWER */
  async start(): Promise<void> {
    this.#makeDirectory();
    this.#unlock = lockStateDir(this.stateDir, process.pid);
    try {
      const db = this.#open();
      this.#db = db;
      this.#batch = new CommitBatch(db, (error) => storeError(error, this.file));
      const applied = migrate(db, this.#options.migrations ?? MIGRATIONS, this.#options.clock.now());
      if (applied.length > 0) this.#options.log.info({ migrations: applied }, "database schema brought up to date");
    } catch (error) {
      await this.stop();
      throw storeError(error, this.file);
    }
  }

  async stop(): Promise<void> {
    this.#batch?.flush();
    this.#batch = undefined;
    this.#statements.clear();
    this.#kysely = undefined;
    this.#db?.close();
    this.#db = undefined;
    this.#unlock?.();
    this.#unlock = undefined;
  }

  /** The raw connection, for what the methods below do not cover. */
  get db(): DatabaseSync {
    if (this.#db) return this.#db;
    throw new BarnacleError("HUB_STOPPING", "the store is not open");
  }

  /** A prepared statement, prepared once. Numbers stay numbers: times and counts are below 2^53. */
  sql(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.db.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  /** The first row, or undefined. */
  one(text: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.sql(text).get(...parameters) as Row | undefined;
  }

  all(text: string, ...parameters: SQLInputValue[]): Row[] {
    return this.sql(text).all(...parameters) as Row[];
  }

  /** @returns the number of rows changed */
  run(text: string, ...parameters: SQLInputValue[]): number {
    return Number(this.sql(text).run(...parameters).changes);
  }

  /** Kysely for queries put together at run time; `Tables` are the caller's own row types. Loaded on first use. */
  query<Tables>(): Promise<Kysely<Tables>> {
    this.#kysely ??= kyselyOver<unknown>(this.db);
    return this.#kysely as unknown as Promise<Kysely<Tables>>;
  }

  /**
   * Runs `fn` in one transaction, on disk when this returns. `fn` must be synchronous. Inside another transaction it
   * becomes a savepoint of that one.
   * @throws what `fn` throws, STATE_UNWRITABLE
   */
  transaction<T>(fn: () => T): T {
    const { db } = this;
    const nested = this.#depth > 0 || db.isTransaction;
    const name = `t${this.#depth}`;
    try {
      db.exec(nested ? `SAVEPOINT ${name}` : "BEGIN IMMEDIATE");
      this.#depth++;
      try {
        const result = fn();
        if (result instanceof Promise) throw new BarnacleError("INTERNAL", "a transaction must be synchronous");
        db.exec(nested ? `RELEASE ${name}` : "COMMIT");
        return result;
      } finally {
        this.#depth--;
      }
    } catch (error) {
      if (db.isTransaction) db.exec(nested ? `ROLLBACK TO ${name}; RELEASE ${name}` : "ROLLBACK");
      throw storeError(error, this.file);
    }
  }

  /**
   * Like `transaction`, but shares its flush to disk with everything else asked for in the same turn of the event loop.
   * The ordinary way to write: under load it is many times faster.
   */
  async commit<T>(fn: () => T): Promise<T> {
    if (this.#batch) return this.#batch.add(fn);
    throw new BarnacleError("HUB_STOPPING", "the store is not open");
  }

  /** A transaction that a power cut may undo (never a crash of the hub): for telemetry and last-seen times. */
  relaxed(fn: () => void): void {
    this.db.exec("PRAGMA synchronous = NORMAL");
    try {
      this.transaction(fn);
    } finally {
      this.db.exec("PRAGMA synchronous = FULL");
    }
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
      const doubtful = endedBadly(this.file) || sizeOf(this.file) <= ALWAYS_CHECKED_BYTES;
      const db = new DatabaseSync(this.file, { enableForeignKeyConstraints: true });
      try {
        db.exec(
          "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF",
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
