import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { GIT_HOOKS, type GitHook } from "./hook-names.ts";

export interface HookProgram {
  readonly node: string;
  readonly barnacle: string;
}

export const HOOK_PROGRAM: HookProgram = {
  node: process.execPath,
  barnacle: fileURLToPath(new URL("../../bin/barnacle.mjs", import.meta.url)),
};

/** Writes the managed hooks of a rig into `directory`; one that is right already is left alone. */
export function writeHooks(directory: string, stateDir: string, program: HookProgram): void {
  mkdirSync(directory, { recursive: true });
  for (const name of GIT_HOOKS) {
    const file = path.join(directory, name);
    const text = scriptOf(name, stateDir, program);
    if (contentOf(file) === text) continue;
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  }
}

/** A hub that is no longer installed never keeps anybody from committing. */
function scriptOf(name: GitHook, stateDir: string, { node, barnacle }: HookProgram): string {
  return `#!/bin/sh
# Managed by Barnacle and written anew. For hooks of your own: barnacle rig config set RIG hooks.user_path DIRECTORY
[ -x ${quoted(node)} ] && [ -f ${quoted(barnacle)} ] || exit 0
unset BARNACLE_URL
BARNACLE_STATE_DIR=${quoted(stateDir)} exec ${quoted(node)} ${quoted(barnacle)} githook ${name} -- "$@"
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
