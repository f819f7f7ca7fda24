import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** The primary result code of an error thrown by `node:sqlite`, if it is one. */
function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** Another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === BUSY;
}

/** No space, no permission, no device: the operator has to act, the data is unharmed. */
function isUnwritable(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === FULL || code === READONLY || code === IOERR || code === CANTOPEN;
}

/** Names what an error of the database means for `file`; errors of the family pass unchanged. */
export function storeError(error: unknown, file: string): BarnacleError {
  if (error instanceof BarnacleError) return error;
  const code = sqliteCode(error);
  const extra = { cause: error, details: { file, sqlite: code } };
  if (isUnwritable(error)) {
    return new BarnacleError("STATE_UNWRITABLE", `${file} cannot be written: ${messageOf(error)}`, extra);
  }
  if (code === CORRUPT || code === NOTADB) {
    return new BarnacleError("STATE_DAMAGED", `${file} is not an intact database: ${messageOf(error)}`, extra);
  }
  if (code === BUSY) {
    return new BarnacleError("STATE_LOCKED", `${file} is locked by another process`, extra);
  }
  return new BarnacleError("INTERNAL", `${file}: ${messageOf(error)}`, extra);
}
