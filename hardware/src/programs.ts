import { accessSync, constants } from "node:fs";
import path from "node:path";

/** Full path of a program on the PATH, or undefined. Starts nothing. */
export function findProgram(name: string, searchPath: string = process.env.PATH ?? ""): string | undefined {
  if (name === "") return undefined;
  const candidates = name.includes("/")
    ? [name]
    : searchPath.split(path.delimiter).map((dir) => path.join(dir || ".", name));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      // Not here; the next folder may have it.
      return false;
    }
  });
}
