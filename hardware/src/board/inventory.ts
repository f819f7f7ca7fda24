import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setPriority } from "node:os";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { Inventory, validator } from "@barnacle/protocol/schema";

const LIMIT_MS = 60_000;
const LOWEST_PRIORITY = 19;
const CHILD = path.join(import.meta.dirname, "inventory-child.mjs");

/** What the board consists of does not change before the next boot: this names the boot. @param root stands for `/` */
export async function bootId(root = "/"): Promise<string | undefined> {
  try {
    return (await readFile(path.join(root, "proc/sys/kernel/random/boot_id"), "utf8")).trim();
  } catch {
    // Not Linux, or a hidden /proc: nothing to go by.
    return undefined;
  }
}

/**
 * Reads what the board consists of, in a process that ends with it and gives way to everything else. Takes a second or two.
 * @throws HARDWARE_UNAVAILABLE when that process fails or takes longer than a minute
 */
export function readInventory(program: string = CHILD): Promise<Inventory> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(new BarnacleError("HARDWARE_UNAVAILABLE", `inventory: ${reason}`));
    // Flags of the node (no optimiser, a small heap) are not for programs that start many others.
    const child = execFile(
      process.execPath,
      [program],
      { timeout: LIMIT_MS, killSignal: "SIGKILL" },
      (error, stdout) => {
        if (error) return fail(messageOf(error));
        try {
          resolve(validator(Inventory).parse(JSON.parse(stdout), "inventory", "HARDWARE_UNAVAILABLE"));
        } catch (problem) {
          fail(messageOf(problem));
        }
      },
    );
    try {
      if (child.pid !== undefined) setPriority(child.pid, LOWEST_PRIORITY);
    } catch {
      // It ended already, or the system forbids it.
    }
  });
}
