#!/usr/bin/env node
import { launch } from "@barnacle/protocol/launch";

const NEEDED_MAJOR = 24;
const LEAN_FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];

/**
 * The daemon shares a small board: a young generation of 1 MB and one malloc arena save 15 MB of memory. Both can be set
 * only before a process begins, so it replaces itself once, under the same process id.
 */
function replaceByLeanProcess() {
  const env = { ...process.env, MALLOC_ARENA_MAX: "1" };
  process.execve(process.execPath, [process.execPath, ...LEAN_FLAGS, ...process.argv.slice(1)], env);
}

const command = process.argv[2];
const isDaemon = command === undefined || command === "run" || command.startsWith("-");
const able = Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR && process.platform === "linux";
if (isDaemon && able && process.env.MALLOC_ARENA_MAX === undefined) replaceByLeanProcess();

await launch(new URL("../src/cli/main.ts", import.meta.url));
