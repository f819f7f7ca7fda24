// Plain JavaScript, because it must run on whatever Node is installed: it finds a Node that runs the TypeScript sources.
import module from "node:module";
import path from "node:path";

const NEEDED_MAJOR = 24;
const NODE_FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a TypeScript entry point: in this process when its Node is new enough, else in a child on the pinned Node.
 * The compile cache keeps the stripped sources, which saves most of the start-up time and 18 MB of memory.
 * @param {URL} entry exports `main`
 * @param {import("./daemon.mjs").Daemon} [daemon] when this run of the program is one that stays
 */
export async function launch(entry, daemon) {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) {
    hushExperimental();
    // What only some need is loaded only then: a short command's time is mostly that of loading.
    if (daemon) await prepare(entry, daemon);
    else (await import("./sources.mjs")).keepSources(entry, useCompileCache());
    const { main } = await import(entry.href);
    await main();
    return;
  }
  const { fileURLToPath } = await import("node:url");
  const node = await pinnedNode(path.dirname(fileURLToPath(import.meta.url)));
  if (!node) {
    process.stderr.write(
      `barnacle: Node ${process.versions.node} is too old and the pinned Node ${NEEDED_MAJOR} is not installed. Run: npm run setup\n`,
    );
    process.exitCode = 1;
    return;
  }
  const [{ spawn }, { constants }] = await Promise.all([import("node:child_process"), import("node:os")]);
  const child = spawn(node, [...NODE_FLAGS, process.argv[1], ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

async function prepare(entry, daemon) {
  const { becomeLean, makeSourcesReady, settleLater } = await import("./daemon.mjs");
  becomeLean(daemon);
  useCompileCache();
  await makeSourcesReady([entry, ...daemon.modules], daemon.later);
  // Also because a daemon may end by a power cut, and Node itself keeps compiled code only at an orderly end.
  settleLater(daemon.settled);
}

/** For this process and those it starts. @returns {string | undefined} where it lies */
function useCompileCache() {
  module.enableCompileCache(process.env.BARNACLE_COMPILE_CACHE);
  const versioned = module.getCompileCacheDir();
  if (versioned) process.env.NODE_COMPILE_CACHE ??= path.dirname(versioned);
  return versioned;
}

/** node:sqlite still announces itself as experimental on every start; other warnings stay. */
function hushExperimental() {
  const emit = process.emitWarning.bind(process);
  process.emitWarning = (warning, ...rest) => {
    if (rest[0] !== "ExperimentalWarning") emit(warning, ...rest);
  };
}

/** The `node` package puts its binary below the nearest node_modules. */
async function pinnedNode(from) {
  const { existsSync } = await import("node:fs");
  for (let dir = from; ; dir = path.dirname(dir)) {
    const candidate = path.join(dir, "node_modules", "node", "bin", "node");
    if (existsSync(candidate)) return candidate;
    if (dir === path.dirname(dir)) return undefined;
  }
}
