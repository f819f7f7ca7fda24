import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

/**
 * Replaces a file so that a reader, or a machine after a power cut, finds either the old text or the new one.
 * The file keeps its mode; a new one is private.
 * @throws STATE_UNWRITABLE; then the old file is as it was
 */
export function writeWhole(file: string, text: string): void {
  const directory = path.dirname(file);
  const temporary = path.join(directory, `.${path.basename(file)}.${process.pid}.new`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const mode = (statSync(file, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777;
    const handle = openSync(temporary, "w", mode);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    syncDirectory(directory);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new BarnacleError("STATE_UNWRITABLE", `${file} cannot be written: ${messageOf(error)}`, {
      cause: error,
      details: { file },
    });
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
