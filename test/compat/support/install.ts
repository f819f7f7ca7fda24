import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { cacheDirectory } from "./cache.ts";
import { installed, label, type Package } from "./programs.ts";

const STUB = "stub-llama";
/** npm's own arguments: nothing of a package runs, nothing is asked for besides its files. */
const ARGUMENTS = ["install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-package-lock"];

export interface InstallOptions {
  readonly cache?: string;
  /** Hears what is going on, a line at a time. */
  readonly say?: (line: string) => void;
  /** The npm command, for tests. */
  readonly npm?: string;
}

/**
 * Brings one package into the cache; does nothing when it is there. Two processes may do so at once, and either may be
 * killed at any time: the work is done in a folder of its own that takes the final name in one step.
 */
export async function install(item: Package, options: InstallOptions = {}): Promise<void> {
  const { cache = cacheDirectory(), say = () => {}, npm = "npm" } = options;
  if (installed(item, cache)) return;
  mkdirSync(cache, { recursive: true });
  const target = path.join(cache, label(item));
  const work = mkdtempSync(path.join(cache, `.installing-${label(item)}-`));
  try {
    writeFileSync(path.join(work, "package.json"), JSON.stringify(manifest(item)));
    if (item.january) writeStub(path.join(work, STUB));
    say(`${label(item)}: npm install`);
    await run(npm, [...ARGUMENTS, "--save-exact", "--loglevel=http", label(item)], work, say);
    writeFileSync(path.join(work, ".ready"), "");
    // What lies there without its stamp is the rest of something that nobody finished.
    if (!installed(item, cache)) rmSync(target, { recursive: true, force: true });
    try {
      renameSync(work, target);
    } catch (error) {
      if (!installed(item, cache)) throw error;
    }
    say(`${label(item)}: ready`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function manifest(item: Package): object {
  const base = { name: "barnacle-compat", private: true };
  if (!item.january) return base;
  return { ...base, overrides: { libsignal: "npm:libsignal-node@2.0.1", "node-llama-cpp": `file:./${STUB}` } };
}

function writeStub(folder: string): void {
  mkdirSync(folder);
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "node-llama-cpp", version: "3.15.0" }));
}

async function run(command: string, args: string[], cwd: string, say: (line: string) => void): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      tail.push(line);
      if (tail.length > 20) tail.shift();
      say(line);
    });
  }
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on("error", reject);
  child.on("close", resolve);
  const code = await promise.catch((error: unknown) => {
    throw new BarnacleError("COMMAND_FAILED", `${command} could not be started: ${messageOf(error)}`);
  });
  if (code !== 0)
    throw new BarnacleError("COMMAND_FAILED", `${command} ${args.join(" ")} ended with ${code}\n${tail.join("\n")}`);
}
