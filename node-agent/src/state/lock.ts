import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

/**
 * Claims a state directory for this process. The claim is SQLite's own lock on `lock.db`, which the kernel gives back
 * however the process ends: there is no stale lock to clean up after a kill -9.
 * @returns releases the claim
 * @throws STATE_LOCKED, STATE_UNWRITABLE
 */
export function lockStateDir(stateDir: string): () => void {
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(path.join(stateDir, "lock.db"));
  } catch (error) {
    throw new BarnacleError("STATE_UNWRITABLE", `state directory ${stateDir}: ${messageOf(error)}`, { cause: error });
  }
  try {
    db.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE;");
  } catch (error) {
    db.close();
    if (/locked|busy/i.test(messageOf(error))) {
      throw new BarnacleError("STATE_LOCKED", `state directory ${stateDir} is in use by another barnacle-node`, {
        details: { stateDir },
      });
    }
    throw new BarnacleError("STATE_UNWRITABLE", `state directory ${stateDir}: ${messageOf(error)}`, { cause: error });
  }
  return () => {
    if (db.isOpen) db.close();
  };
}
