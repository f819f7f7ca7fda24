import { createRequire } from "node:module";
import { BarnacleError, messageOf } from "../errors/index.ts";

const LIBRARY = "libsystemd.so.0";

/** Sends one notification, lines of `NAME=value`. */
export type Notify = (state: string) => void;

/**
 * `sd_notify` of libsystemd over koffi: Node has no datagram sockets in the file system. It reads NOTIFY_SOCKET by itself.
 * Source: sd_notify(3).
 * @throws LIBRARY_MISSING
 */
export function loadNotify(file: string = LIBRARY): Notify {
  const sdNotify = bind(file);
  // A failure has nobody to be told to: without notifications the service manager acts by itself.
  return (state) => void sdNotify(0, state);
}

function bind(file: string) {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
    return koffi.load(file).func("int sd_notify(int unset_environment, const char *state)");
  } catch (cause) {
    throw new BarnacleError("LIBRARY_MISSING", `${file}: ${messageOf(cause)}`, { cause });
  }
}
