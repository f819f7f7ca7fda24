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
];

/**
 * The node's database, `<stateDir>/node.db`. WAL with FULL synchronisation: a committed row survives a power cut.
 * @throws STATE_UNWRITABLE
 */
export function openDatabase(stateDir: string): DatabaseSync {
  const file = path.join(stateDir, "node.db");
  try {
    const db = new DatabaseSync(file);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;");
    migrate(db);
    return db;
  } catch (error) {
    throw new BarnacleError("STATE_UNWRITABLE", `database ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function migrate(db: DatabaseSync): void {
  const row = db.prepare("PRAGMA user_version").get() as { user_version: number };
  for (let version = row.user_version; version < MIGRATIONS.length; version++) {
    db.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[version]} PRAGMA user_version = ${version + 1}; COMMIT;`);
  }
}
