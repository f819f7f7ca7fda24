// Plain JavaScript, as `launch.mjs` is.
import module from "node:module";
import v8 from "node:v8";

/** Present while a daemon replaces itself because its sources had to be made ready first. */
const READY_MARK = "BARNACLE_SOURCES_READY";
/** By then a daemon has what it needs; what only its start needed can go. */
const SETTLED_AFTER_MS = 10_000;
const STRIPPER = "internal/deps/amaro";

/**
 * A program that stays: what may be set only before a process begins.
 * @typedef {object} Daemon
 * @property {readonly string[]} flags of V8 and Node
 * @property {Readonly<Record<string, string>>} environment for glibc's malloc and libuv; what is set already stays
 * @property {readonly URL[]} modules what its entry does not import by itself; importing them must do nothing
 * @property {readonly URL[]} [later] what it loads only when it is needed; made ready with the rest, not kept in memory
 * @property {readonly string[]} [settled] flags of V8 from the moment on at which its start is over; only thresholds that
 *   V8 reads anew at every decision
 */

/**
 * Young generation of 1 MB (7 MB less); `gc` for `settle`.
 */
const COMMON_FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1", "--expose-gc"];

/**
 * One arena of malloc for all threads (up to 7 MB less). Blocks from 64 KiB on are the system's: what was needed for a
 * moment goes back at once (2 to 4 MB less).
 */
const COMMON_ENVIRONMENT = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "65536" };

/**
 * Replaces this process by itself with the flags and the environment of a daemon, under the same process id. Returns when
 * that has happened before, or cannot be done on this system; then the daemon runs all the same, only larger.
 * @param {Daemon} daemon
 */
export function becomeLean({ flags, environment }) {
  const wanted = [...COMMON_FLAGS, ...flags];
  if (wanted.every((flag) => process.execArgv.includes(flag))) return;
  replace(wanted, { ...COMMON_ENVIRONMENT, ...environment, ...process.env });
}

/**
 * Imports all modules of the daemon. Where the compile cache did not have them, it is filled and the process replaced
 * once more: the TypeScript stripper alone would cost 18 MB for as long as the daemon lives.
 * @param {readonly URL[]} modules
 * @param {readonly URL[]} [later]
 */
export async function makeSourcesReady(modules, later = []) {
  const again = process.env[READY_MARK] !== undefined;
  delete process.env[READY_MARK];
  for (const each of modules) await import(each.href);
  if (again || !process.moduleLoadList.some((name) => name.includes(STRIPPER))) return;
  for (const each of later) await import(each.href);
  module.flushCompileCache();
  replace(process.execArgv, { ...process.env, [READY_MARK]: "1" });
}

/**
 * Once, when a daemon has started: gives back what only the start needed (5 MB), and keeps its compiled code for the next.
 * @param {Daemon["settled"]} [flags]
 */
export function settleLater(flags = []) {
  setTimeout(() => {
    module.flushCompileCache();
    for (const flag of flags) v8.setFlagsFromString(flag);
    // Nobody waits for it, and nothing is lost if it cannot be done.
    void globalThis.gc?.({ type: "major", execution: "async", flavor: "last-resort" });
  }, SETTLED_AFTER_MS).unref();
}

/** @param {readonly string[]} flags @param {NodeJS.ProcessEnv} environment */
function replace(flags, environment) {
  if (process.platform !== "linux" || typeof process.execve !== "function") return;
  process.execve(process.execPath, [process.execPath, ...flags, ...process.argv.slice(1)], environment);
}
