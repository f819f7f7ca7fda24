import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { PlannedFile } from "./plan.ts";

/**
 * Writes the files, each whole or not at all, and on the medium before this returns: cards are pulled out early. Packages
 * of an earlier time are removed, since all that lie there are installed.
 * @throws STATE_UNWRITABLE naming the file
 */
export function writeFiles(target: string, files: readonly PlannedFile[]): void {
  within(target, () => {
    mkdirSync(target, { recursive: true, mode: 0o700 });
    rmSync(path.join(target, "barnacle"), { recursive: true, force: true });
  });
  for (const { path: name, content, secret } of files) {
    const file = path.join(target, name);
    within(file, () => writeWhole(file, Buffer.from(content), secret ? 0o600 : 0o644));
  }
}

function writeWhole(file: string, content: Buffer, mode: number): void {
  const partial = `${file}.part`;
  mkdirSync(path.dirname(file), { recursive: true });
  rmSync(partial, { force: true });
  try {
    const fd = openSync(partial, "wx", mode);
    try {
      for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

function within(file: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new BarnacleError("STATE_UNWRITABLE", `${file}: ${messageOf(error)}`, {
      hint: "Is the card mounted, writable and large enough?",
      cause: error,
    });
  }
}
