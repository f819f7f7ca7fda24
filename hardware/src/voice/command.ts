import { type ChildProcess, spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { BarnacleError, systemCode } from "@barnacle/protocol/errors";
import type { Availability } from "../availability.ts";

/** Starts a program without a shell; a fake stands in for it in tests. */
export type Spawn = (command: string, args: readonly string[]) => ChildProcess;

export const systemSpawn: Spawn = (command, args) => spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });

/** Programs that are asked for, and the Debian package that brings each. */
export const PACKAGES: Readonly<Record<string, string>> = {
  "espeak-ng": "espeak-ng",
  flite: "flite",
  pacat: "pulseaudio-utils",
  aplay: "alsa-utils",
};

/** Whether a program is on the search path. */
export async function programAvailability(
  program: string,
  path: string = process.env.PATH ?? "",
): Promise<Availability> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder === "" ? "." : folder, program);
    try {
      await access(file, constants.X_OK);
      return { available: true, detail: file };
    } catch {
      // Not in this folder.
    }
  }
  const error = programMissing(program);
  return { available: false, code: error.code, reason: error.message, hint: error.hint };
}

export function programMissing(program: string, cause?: unknown): BarnacleError {
  return new BarnacleError("LIBRARY_MISSING", `the program ${program} was not found`, {
    hint: `Install the Debian package ${PACKAGES[program] ?? program}.`,
    details: { program, package: PACKAGES[program] ?? program },
    cause,
  });
}

export interface Outcome {
  readonly stdout: Buffer;
  /** Ended by `kill`. */
  readonly killed: boolean;
}

export interface Running {
  readonly outcome: Promise<Outcome>;
  kill(): void;
}

/** Longest message of a failed program that is passed on. */
const STDERR_LIMIT = 400;

/**
 * Runs a program with `input` on its standard input.
 *
 * `outcome` rejects with LIBRARY_MISSING when there is no such program, and with HARDWARE_UNAVAILABLE and the
 * program's own words when it fails.
 */
export function run(spawnProgram: Spawn, program: string, args: readonly string[], input: Buffer | string): Running {
  const child = spawnProgram(program, args);
  let killed = false;
  const outcome = new Promise<Outcome>((resolve, reject) => {
    const out: Buffer[] = [];
    let words = "";
    child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => {
      words = (words + chunk.toString("utf8")).slice(0, STDERR_LIMIT);
    });
    // A program that ends before it read everything breaks the pipe; its exit tells why.
    child.stdin?.on("error", () => {});
    child.on("error", (error) => {
      const missing = systemCode(error) === "ENOENT";
      reject(missing ? programMissing(program, error) : failed(program, error.message, error));
    });
    child.on("close", (code, signal) => {
      if (killed || code === 0) resolve({ stdout: Buffer.concat(out), killed });
      else reject(failed(program, words.trim() || `ended by ${signal ?? `exit code ${code}`}`));
    });
    child.stdin?.end(input);
  });
  return {
    outcome,
    kill() {
      killed = true;
      child.kill("SIGTERM");
    },
  };
}

function failed(program: string, why: string, cause?: unknown): BarnacleError {
  return new BarnacleError("HARDWARE_UNAVAILABLE", `${program} failed: ${why}`, { details: { program }, cause });
}
