import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import type { Origin } from "./url.ts";

/**
 * User and password of a rig's origin, in the state directory (mode 0600, the form of git's own store). Only the hub's git is
 * told of it; neither the mirror's configuration nor a worktree has it.
 */
export function credentialFile(stateDir: string, rig: string): string {
  return path.join(stateDir, "git-credentials", rig);
}

export function keepCredential(stateDir: string, rig: string, { url, credential }: Origin): void {
  const file = credentialFile(stateDir, rig);
  rmSync(file, { force: true });
  if (!credential) return;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const { host } = new URL(url);
  const handle = openSync(file, "wx", 0o600);
  try {
    writeSync(
      handle,
      `https://${encodeURIComponent(credential.user)}:${encodeURIComponent(credential.password)}@${host}\n`,
    );
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export function dropCredential(stateDir: string, rig: string): void {
  rmSync(credentialFile(stateDir, rig), { force: true });
}
