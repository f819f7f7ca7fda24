import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Log } from "@barnacle/protocol/runtime";
import { isWeather, migrate, openDatabase } from "./database.ts";

/** As much of a database as the node's parts need; statements are prepared anew at each use, or kept by `NodeStore`. */
export interface NodeDatabase extends Pick<DatabaseSync, "prepare" | "exec" | "isTransaction"> {
  /** Present and false: what is written is lost with the process. */
  readonly durable?: boolean;
}

const TABLES = ["setting", "outbox", "journal"] as const;
const FILES = ["node.db", "node.db-wal"] as const;

export interface NodeStoreOptions {
  readonly stateDir: string;
  readonly log: Log;
  readonly open?: (directory: string) => DatabaseSync;
  /** Writable places for a moment, on memory if possible. */
  readonly scratch?: readonly string[];
}

/**
 * The node's database. Where the disk takes nothing (read-only, full, failing) the node works on a copy in memory, says
 * so, and moves what came together to the disk as soon as it is well.
 */
export class NodeStore implements NodeDatabase {
  readonly #options: NodeStoreOptions;
  readonly #statements = new Map<string, StatementSync>();
  #db: DatabaseSync | undefined;
  #reason: string | undefined;

  constructor(options: NodeStoreOptions) {
    this.#options = options;
  }

  /** @throws STATE_UNWRITABLE for a database that is damaged or not ours: only the weather is borne */
  open(): void {
    const { stateDir, log } = this.#options;
    try {
      this.#use((this.#options.open ?? openDatabase)(stateDir), undefined);
    } catch (error) {
      if (!isWeather(error)) throw error;
      const memory = new DatabaseSync(":memory:");
      migrate(memory);
      const known = this.#readOld(memory);
      this.#use(memory, messageOf(error));
      log.error(
        { reason: messageOf(error), known },
        "the state directory takes nothing; what happens now is lost with a restart",
      );
    }
  }

  /** False while the copy in memory is in use. */
  get durable(): boolean {
    return this.#reason === undefined;
  }

  /** Why nothing is written to the disk. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get isTransaction(): boolean {
    return this.#open.isTransaction;
  }

  prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#open.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  exec(sql: string): void {
    this.#open.exec(sql);
  }

  /** Tries the disk again. @returns true when it is used now */
  heal(): boolean {
    if (this.durable) return true;
    const { stateDir, log } = this.#options;
    let disk: DatabaseSync | undefined;
    try {
      disk = (this.#options.open ?? openDatabase)(stateDir);
      const memory = this.#open;
      disk.exec("BEGIN IMMEDIATE");
      for (const table of TABLES) replace(memory, disk, table);
      disk.exec("COMMIT");
      this.#use(disk, undefined);
      memory.close();
      log.info({ stateDir }, "the state directory can be written again; nothing was lost");
      return true;
    } catch (error) {
      if (disk?.isOpen) disk.close();
      log.debug({ reason: messageOf(error) }, "the state directory still takes nothing");
      return false;
    }
  }

  close(): void {
    this.#statements.clear();
    if (this.#db?.isOpen) this.#db.close();
    this.#db = undefined;
  }

  get #open(): DatabaseSync {
    if (this.#db) return this.#db;
    throw new BarnacleError("STATE_UNWRITABLE", "the node's database is closed");
  }

  #use(db: DatabaseSync, reason: string | undefined): void {
    this.#statements.clear();
    this.#db = db;
    this.#reason = reason;
  }

  /** Takes over what lies on the disk, its unfinished log included. A copy, because SQLite must write to read that. */
  #readOld(memory: DatabaseSync): boolean {
    const { stateDir, log, scratch = ["/dev/shm", "/run", tmpdir()] } = this.#options;
    if (!existsSync(path.join(stateDir, FILES[0]))) return true;
    for (const place of scratch) {
      let dir: string | undefined;
      try {
        dir = mkdtempSync(path.join(place, "barnacle-node-"));
        for (const file of FILES)
          if (existsSync(path.join(stateDir, file))) copyFileSync(path.join(stateDir, file), path.join(dir, file));
        const copy = openDatabase(dir);
        for (const table of TABLES) replace(copy, memory, table);
        copy.close();
        return true;
      } catch (error) {
        log.debug({ place, reason: messageOf(error) }, "the old state cannot be copied there");
      } finally {
        if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
      }
    }
    return false;
  }
}

/** Makes a table of `to` what it is in `from`. */
function replace(from: DatabaseSync, to: DatabaseSync, table: (typeof TABLES)[number]): void {
  to.exec(`DELETE FROM ${table}`);
  for (const row of from.prepare(`SELECT * FROM ${table}`).iterate() as Iterable<
    Record<string, string | number | null>
  >) {
    const columns = Object.keys(row);
    to.prepare(`INSERT INTO ${table} (${columns}) VALUES (${columns.map(() => "?")})`).run(...Object.values(row));
  }
}
