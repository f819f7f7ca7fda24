import { readFileSync } from "node:fs";
import { signalGroup } from "./command.ts";

/** When a process started, in the kernel's own counting: its id may be another's by now. Undefined: it is not there. */
export function birthOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything; what follows it begins with the third field.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Ends what a hub that was killed left running. @returns whether there was anything */
export function endLeftGroup({ pid, born }: { readonly pid: number; readonly born: string }): boolean {
  return birthOf(pid) === born && signalGroup(pid, "SIGKILL");
}
