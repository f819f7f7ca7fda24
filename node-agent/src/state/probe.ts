import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { messageOf } from "@barnacle/protocol/errors";

/** Whether the state directory takes something now: a page is written, flushed and removed. */
export function probeStateDir(stateDir: string): { available: boolean; reason?: string; hint?: string } {
  if (!existsSync(stateDir))
    return { available: false, reason: "it is not there yet; the node makes it when it starts" };
  const file = path.join(stateDir, `.probe-${process.pid}`);
  try {
    const handle = openSync(file, "w", 0o600);
    try {
      writeSync(handle, Buffer.alloc(4096));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
      rmSync(file, { force: true });
    }
    return { available: true };
  } catch (error) {
    const hint =
      "The node works on in memory; what it learns meanwhile is lost with a restart until the disk takes it.";
    return { available: false, reason: messageOf(error), hint };
  }
}
