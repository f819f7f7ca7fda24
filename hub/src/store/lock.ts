import { chmodSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BarnacleError } from "@barnacle/protocol/errors";
import { isBusy, storeError } from "./errors.ts";

/**
 * One hub per state directory. The lock is a write lock on a small database of its own, so the kernel drops it with the
 * process, however that ends, and no stale lock file is ever left to clean up.
 * @param waitMs how long another's lock is waited for
 * @returns a function that gives the lock back
 * @throws STATE_LOCKED naming the directory and the holder's process id, STATE_UNWRITABLE
 */
export function lockStateDir(stateDir: string, pid: number, waitMs = 0): () => void {
  const file = path.join(stateDir, "hub.lock");
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: waitMs });
    chmodSync(file, 0o600);
    db.exec("PRAGMA journal_mode = DELETE; CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL)");
    db.exec("BEGIN IMMEDIATE; DELETE FROM holder");
    db.prepare("INSERT INTO holder (pid) VALUES (?)").run(pid);
    db.exec("COMMIT; BEGIN IMMEDIATE");
  } catch (error) {
    const holder = isBusy(error) ? readHolder(db) : undefined;
    db?.close();
    if (!isBusy(error)) throw storeError(error, file);
    const who = holder === undefined ? "another process" : `process ${holder}`;
    throw new BarnacleError("STATE_LOCKED", `the state directory ${stateDir} is in use by ${who}`, {
      cause: error,
      details: { stateDir, pid: holder },
    });
  }
  const held = db;
  return () => held.close();
}

/** Readers pass a reserved lock, so the holder's process id can be told. */
function readHolder(db: DatabaseSync | undefined): number | undefined {
  try {
    const row = db?.prepare("SELECT pid FROM holder").get();
    return typeof row?.pid === "number" ? row.pid : undefined;
  } catch {
    // Only the courtesy of naming the holder is lost.
    return undefined;
  }
}
