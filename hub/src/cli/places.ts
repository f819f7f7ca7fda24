import { accessSync, constants } from "node:fs";
import path from "node:path";
import type { Io } from "./io.ts";

const SYSTEM_STATE = "/var/lib/barnacle";

/** Where `barnacle hub` keeps its state: BARNACLE_STATE_DIR, the system's directory when it may be written, else the user's. */
export function defaultStateDir(io: Io): string {
  const given = io.env.BARNACLE_STATE_DIR;
  if (given) return given;
  return io.uid === 0 || isWritable(SYSTEM_STATE) ? SYSTEM_STATE : path.join(userState(io), "barnacle");
}

/** The demo keeps its own, so that it never touches a real household. */
export function demoStateDir(io: Io): string {
  return path.join(userState(io), "barnacle-demo");
}

/** Where a client looks for a hub on this machine, in this order. */
export function stateDirCandidates(io: Io): string[] {
  const given = io.env.BARNACLE_STATE_DIR;
  if (given) return [given];
  return [SYSTEM_STATE, path.join(userState(io), "barnacle"), demoStateDir(io)];
}

/** The command line's own key lies below this directory. */
export function clientDir(io: Io): string {
  return path.join(io.env.XDG_CONFIG_HOME || path.join(io.home, ".config"), "barnacle");
}

function userState(io: Io): string {
  return io.env.XDG_STATE_HOME || path.join(io.home, ".local", "state");
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    // Missing or not ours: both mean another place is used.
    return false;
  }
}
