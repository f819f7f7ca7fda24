import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { writeDurably } from "@barnacle/protocol/identity";

/** The newest record as it was a moment ago, kept outside the database so that a tail cut there is noticed. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
}

export function checkpointFile(stateDir: string): string {
  return path.join(stateDir, "audit.head");
}

/** Replaces the file as a whole. */
export function writeCheckpoint(stateDir: string, checkpoint: Checkpoint): void {
  writeDurably(checkpointFile(stateDir), `${JSON.stringify(checkpoint)}\n`, 0o600);
}

/** @returns undefined when there is none, `"unreadable"` when it is not what was written */
export function readCheckpoint(stateDir: string): Checkpoint | "unreadable" | undefined {
  const file = checkpointFile(stateDir);
  if (!existsSync(file)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    const { seq, hash } = value as { seq?: unknown; hash?: unknown };
    return typeof seq === "number" && typeof hash === "string" ? { seq, hash } : "unreadable";
  } catch {
    // Whatever kept it from being read, the reader is told that it says nothing.
    return "unreadable";
  }
}
