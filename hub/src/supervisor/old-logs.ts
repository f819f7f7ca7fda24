import { readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";

/** Logs of workers that are gone are kept so long. */
export const KEPT_MS = 7 * 86_400_000;

/**
 * Removes what workers wrote who are not known any more, once nothing of it has changed for `KEPT_MS`. Those who are known
 * keep theirs; each puts a full one aside by itself.
 * @returns the names of the folders that went
 */
export function removeOldLogs(directory: string, known: ReadonlySet<string>, now: number): string[] {
  return foldersIn(directory)
    .filter((name) => !known.has(name) && newestIn(path.join(directory, name)) < now - KEPT_MS)
    .map((name) => {
      rmSync(path.join(directory, name), { recursive: true, force: true });
      return name;
    });
}

function foldersIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function newestIn(folder: string): number {
  const times = readdirSync(folder).map(
    (name) => statSync(path.join(folder, name), { throwIfNoEntry: false })?.mtimeMs,
  );
  return Math.max(statSync(folder).mtimeMs, ...times.map((at) => at ?? 0));
}
