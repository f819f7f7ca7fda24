import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { BarnacleError, messageOf, systemCode } from "@barnacle/protocol/errors";

const SYSTEM_DIRECTORY = "/var/lib/barnacle-node";
const SYSTEM_CONFIG = "/etc/barnacle/node.yaml";

/** Flag, then BARNACLE_STATE_DIR, then the system's directory when writable, else one below the home directory. */
export function chooseStateDir(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  writable: (directory: string) => boolean = isWritable,
): string {
  const given = flag ?? env.BARNACLE_STATE_DIR;
  if (given) return path.resolve(given);
  if (writable(SYSTEM_DIRECTORY)) return SYSTEM_DIRECTORY;
  return path.join(env.XDG_STATE_HOME ?? path.join(env.HOME ?? homedir(), ".local", "state"), "barnacle-node");
}

/** `node.yaml` in the state directory; for the system's, also the one that the Debian package installs. */
export function usualConfigFile(stateDir: string, exists: (file: string) => boolean = existsSync): string | undefined {
  const own = path.join(stateDir, "node.yaml");
  return (stateDir === SYSTEM_DIRECTORY ? [own, SYSTEM_CONFIG] : [own]).find((file) => exists(file));
}

/** Makes the directory, private to its user. @throws STATE_UNWRITABLE */
export function makeStateDir(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new BarnacleError("STATE_UNWRITABLE", `state directory ${directory}: ${messageOf(error)}`, {
      cause: error,
      details: { directory, system: systemCode(error) },
    });
  }
}

/** True for a directory that exists and can be written, or can be made. */
function isWritable(directory: string): boolean {
  for (const candidate of [directory, path.dirname(directory)]) {
    try {
      accessSync(candidate, constants.W_OK | constants.X_OK);
      return true;
    } catch (error) {
      if (systemCode(error) !== "ENOENT") return false;
    }
  }
  return false;
}
