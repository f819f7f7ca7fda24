import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const HUB_BIN = path.join(import.meta.dirname, "../../bin/barnacle.mjs");
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Puts `barnacle` where workers find it, as this version of it. @returns the directory */
export function barnacleFor(stateDir: string): string {
  const directory = path.join(stateDir, "workers", "bin");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, "barnacle");
  const command = [process.execPath, "--disable-warning=ExperimentalWarning", HUB_BIN].map(quoted).join(" ");
  writeFileSync(file, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  chmodSync(file, 0o755);
  return directory;
}
