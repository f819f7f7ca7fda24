#!/usr/bin/env node
import { launch } from "@barnacle/protocol/launch";

const NEEDED_MAJOR = 24;

/**
 * The daemon shares a small board, and what it does often is done by native code. A young generation of 1 MB (7 MB
 * less); neither optimising compiler, whose code is then never read from disk (8 MB less);
 * compact code in the heap (1.5 MB less). Together they cost 0.001 of a core in a quiet room, 0.003 while somebody speaks.
 */
const LEAN_FLAGS = [
  "--disable-warning=ExperimentalWarning",
  "--max-semi-space-size=1",
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  "--optimize-for-size",
];

/**
 * One arena of malloc for all threads (7 MB less). Blocks from 64 KiB on are the system's: what loading a model needed
 * for a moment goes back at once (4 MB less). Two threads are enough for one model at a time beside the files.
 */
const LEAN_ENVIRONMENT = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "65536", UV_THREADPOOL_SIZE: "2" };

/** All of these can be set only before a process begins, so it replaces itself once, under the same process id. */
function replaceByLeanProcess() {
  const env = { ...process.env, ...LEAN_ENVIRONMENT };
  process.execve(process.execPath, [process.execPath, ...LEAN_FLAGS, ...process.argv.slice(1)], env);
}

const command = process.argv[2];
const isDaemon = command === undefined || command === "run" || command.startsWith("-");
const able = Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR && process.platform === "linux";
if (isDaemon && able && process.env.MALLOC_ARENA_MAX === undefined) replaceByLeanProcess();

await launch(new URL("../src/cli/main.ts", import.meta.url));
