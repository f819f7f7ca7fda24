import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { BarnacleError, isErrorCode } from "@barnacle/protocol/errors";
import { isObject } from "./gateway/wire.ts";
import type { Io } from "./io.ts";

/** Where the Debian package of the node has it. */
const PACKAGED = "/usr/lib/barnacle-node/node-agent/bin/barnacle-node.mjs";

const require = createRequire(import.meta.url);

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The script of `barnacle-node`, a program beside this one, never a library of it. @throws LIBRARY_MISSING */
export function nodeProgram(): string {
  try {
    const manifest = require.resolve("@barnacle/node-agent/package.json");
    const script = path.join(path.dirname(manifest), "bin", "barnacle-node.mjs");
    if (existsSync(script)) return script;
  } catch {
    // Not installed beside this program: there may be a package of its own.
  }
  if (existsSync(PACKAGED)) return PACKAGED;
  throw new BarnacleError("LIBRARY_MISSING", "barnacle-node is not installed beside barnacle", {
    hint: "Install the node package, or run this on a node.",
  });
}

/** The script of this very program, for a hub in its own process. */
export function hubProgram(): string {
  return path.join(path.dirname(require.resolve("@barnacle/hub/package.json")), "bin", "barnacle.mjs");
}

/** Runs `barnacle-node` to its end and collects what it wrote. */
export function runNode(args: readonly string[], io: Io): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [nodeProgram(), ...args], {
      env: { ...io.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

/** What it printed with `--json`. @throws the program's own error when it printed nothing usable */
export function jsonOf({ stdout, stderr, code }: Ran): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    // Nothing usable: standard error has the reason.
    const last = stderr.trim().slice(-500) || "no output";
    throw lastError(stderr) ?? new BarnacleError("INTERNAL", `barnacle-node ended with ${code}: ${last}`);
  }
}

/** The `{error: …}` object that our programs print last when they fail with `--json`. */
export function lastError(stderr: string): BarnacleError | undefined {
  for (const text of stderr.trim().split("\n").reverse()) {
    const error = parseObject(text)?.error;
    if (isObject(error) && isErrorCode(error.code))
      return new BarnacleError(error.code, String(error.message), {
        hint: typeof error.hint === "string" ? error.hint : undefined,
      });
  }
  return undefined;
}

/** Undefined for a line that is for people, not for programs. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // Not JSON, so not for programs.
    return undefined;
  }
}
