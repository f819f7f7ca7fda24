import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

/** Numbered by position; applied once each, in order. Never edit one that was released. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE outbox (
     id TEXT PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL, seq INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX outbox_order ON outbox (seq);
   CREATE TABLE journal (
     key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, started_at INTEGER NOT NULL, result TEXT
   ) WITHOUT ROWID;
   CREATE INDEX journal_age ON journal (started_at);`,
  "ALTER TABLE outbox ADD COLUMN waited INTEGER NOT NULL DEFAULT 0;",
];

/** SQLite's words for a disk that takes nothing: SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN. */
const SICK_DISK = new Set([8, 10, 13, 14]);
/** And the system's. */
const SICK_SYSTEM = new Set<unknown>(["EROFS", "ENOSPC", "EDQUOT", "EIO"]);

/**
 * The node's database, `<stateDir>/node.db`. WAL with FULL synchronisation: a committed row survives a power cut.
 * @throws STATE_UNWRITABLE
 */
export function openDatabase(stateDir: string): DatabaseSync {
  const file = path.join(stateDir, "node.db");
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;");
    migrate(db);
    // A full disk shows at the first write only.
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    return db;
  } catch (error) {
    if (db?.isOpen) db.close();
    throw new BarnacleError("STATE_UNWRITABLE", `database ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** True when the disk is to blame, which may be well again later; false for what is damaged, or belongs to somebody else. */
export function isWeather(error: unknown): boolean {
  const { errcode, code, cause } = error as { errcode?: unknown; code?: unknown; cause?: unknown };
  if (SICK_SYSTEM.has(code) || (typeof errcode === "number" && SICK_DISK.has(errcode & 0xff))) return true;
  return typeof cause === "object" && cause !== null && isWeather(cause);
}

export function migrate(db: DatabaseSync): void {
  const row = db.prepare("PRAGMA user_version").get() as { user_version: number };
  for (let version = row.user_version; version < MIGRATIONS.length; version++) {
    db.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[version]} PRAGMA user_version = ${version + 1}; COMMIT;`);
  }
}
