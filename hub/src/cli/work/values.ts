import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { parseLength } from "@barnacle/protocol/beads/instant";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

/** `--lease 10m` @throws USAGE */
export function leaseOf({ lease }: { readonly lease?: string }): { readonly leaseMs?: number } {
  if (lease === undefined) return {};
  const leaseMs = parseLength(lease);
  if (leaseMs !== undefined && leaseMs >= 1000) return { leaseMs };
  throw new BarnacleError("USAGE", `"${lease}" is no length of time; expected 30s, 10m, 2h, 1d`);
}

/** A file's text; `-`: what is piped in. @throws FILE_UNREADABLE */
export function fileText(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new BarnacleError("FILE_UNREADABLE", `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** All of it or nothing takes the file's place. @throws FILE_UNREADABLE */
export function writeWhole(given: string, text: string): void {
  const found = statSync(given, { throwIfNoEntry: false });
  if (found && !found.isFile()) {
    writeFileSync(given, text);
    return;
  }
  const file = found ? realpathSync(given) : given;
  const temporary = `${file}.${process.pid}.new`;
  try {
    writeFileSync(temporary, text, { flush: true });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new BarnacleError("FILE_UNREADABLE", `${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws USAGE */
export function jsonValue(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BarnacleError("USAGE", `${name}: expected JSON: ${messageOf(error)}`);
  }
}

/** `blocks:hq-1,discovered-from:hq-2`, or ids alone. */
export function edgesOf(text: string): { on: string; kind?: string }[] {
  return text
    .split(",")
    .filter((one) => one !== "")
    .map((one) => {
      if (one.startsWith("external:")) return { on: one };
      const at = one.indexOf(":");
      return at < 0 ? { on: one } : { kind: one.slice(0, at), on: one.slice(at + 1) };
    });
}
