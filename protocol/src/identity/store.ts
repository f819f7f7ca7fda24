import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf, systemCode } from "../errors/index.ts";
import { type DeviceIdentity, generateIdentity, identityFromPem, privateKeyPem } from "./keys.ts";

/**
 * Reads the key at `<stateDir>/identity/device.pem`, or makes it (mode 0600, directory 0700, flushed to disk before use).
 * A key that others can read is made private again.
 * @throws IDENTITY_INVALID a damaged file (it is left as it is), STATE_UNWRITABLE
 */
export function loadOrCreateIdentity(stateDir: string): DeviceIdentity {
  const file = identityFile(stateDir);
  if (existsSync(file)) {
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
    return identityFromPem(readFileSync(file, "utf8"), file);
  }
  const identity = generateIdentity();
  keepIdentity(stateDir, identity);
  return identity;
}

/** Writes a key that was made before. @throws STATE_UNWRITABLE */
export function keepIdentity(stateDir: string, identity: DeviceIdentity): void {
  const file = identityFile(stateDir);
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeDurably(file, privateKeyPem(identity), 0o600);
  } catch (error) {
    throw new BarnacleError("STATE_UNWRITABLE", `the key ${file} cannot be written: ${messageOf(error)}`, {
      cause: error,
      details: { file, system: systemCode(error) },
    });
  }
}

export function identityFile(stateDir: string): string {
  return path.join(stateDir, "identity", "device.pem");
}

/** Temporary file, flush, rename, flush of the directory: after a power cut there is the old file or the new, never half. */
export function writeDurably(file: string, text: string, mode: number): void {
  const temporary = `${file}.tmp`;
  const handle = openSync(temporary, "w", mode);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  chmodSync(temporary, mode);
  renameSync(temporary, file);
  const directory = openSync(path.dirname(file), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
