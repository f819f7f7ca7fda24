// Makes a checkout ready to run: npm packages, Debian packages, and with --test what the tests need besides.
// Runs on any Node from 20 on; does nothing, quickly, when there is nothing to do.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { install, missing, privilege, readList, run } from "./debian.mjs";
import { progress } from "./progress.mjs";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const forTests = process.argv.includes("--test");
const modules = path.join(root, "node_modules");

await preparePackages();
await prepareDebian();
if (forTests) await prepareTestRunner();
if (forTests && wantsRealPrograms(process.env)) await fetchRealPrograms();
if (forTests && wantsBench(process.env)) await prepareBench();

async function preparePackages() {
  const wanted = fingerprint([
    "package-lock.json",
    "package.json",
    ".npmrc",
    "protocol/package.json",
    "hardware/package.json",
    "node-agent/package.json",
    "hub/package.json",
  ]);
  const stamp = path.join(modules, ".barnacle-ready");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const bar = progress("Installing npm packages (about 1 GB with all native engines, one to three minutes)");
  const environment = { ...process.env, npm_config_loglevel: "http", ONNXRUNTIME_NODE_INSTALL: "skip" };
  const code = await run("npm", ["ci", "--prefix", root, "--no-audit", "--no-fund"], environment, bar.say);
  bar.done(code === 0);
  if (code !== 0) process.exit(1);
  writeFileSync(stamp, wanted);
}

async function prepareDebian() {
  const list = readList(path.join(root, ".setup", "debian-packages.txt")).filter((p) => p.when === "run" || forTests);
  const absent = missing(list);
  if (absent.length === 0) return;
  const prefix = privilege();
  if (prefix !== undefined) {
    const bar = progress(`Installing Debian packages: ${absent.map((p) => p.name).join(" ")}`);
    const ok = await install(prefix, absent, bar.say);
    bar.done(ok);
  }
  const still = prefix === undefined ? absent : missing(list);
  if (still.length === 0) return;
  const why = prefix === undefined ? "neither root nor password-less sudo with apt is available" : "apt-get failed";
  process.stderr.write(`Going on without some features (${why}):\n`);
  for (const p of still) process.stderr.write(`  off: ${p.feature} (Debian package ${p.name})\n`);
  process.stderr.write(`To switch them on: apt-get install ${still.map((p) => p.name).join(" ")}\n`);
}

async function prepareTestRunner() {
  const wanted = fingerprint(["package-lock.json", ".taprc"]);
  const stamp = path.join(root, ".tap", ".barnacle-ready");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const bar = progress("Building the test runner's plugins");
  const node = path.join(modules, "node", "bin", "node");
  const code = await run(
    node,
    [path.join(modules, "tap", "dist", "esm", "run.mjs"), "build"],
    { ...process.env, INIT_CWD: root },
    bar.say,
  );
  bar.done(code === 0);
  if (code !== 0) process.exit(1);
  writeFileSync(stamp, wanted);
}

/** The same rule as `notWanted` in test/compat/support/cache.ts, which this Node may be too old to load. */
function wantsRealPrograms({ BARNACLE_COMPAT: asked, CI }) {
  return asked ? asked !== "0" : Boolean(CI) && CI !== "false";
}

async function fetchRealPrograms() {
  const bar = progress("Fetching the Moltbot and OpenClaw programs that the hub is tested with (0.5 GB, once)");
  const script = path.join(root, "test", "compat", "support", "fetch.ts");
  const node = path.join(modules, "node", "bin", "node");
  // What is missing afterwards is reported by the tests that need it.
  bar.done((await run(node, ["--disable-warning=ExperimentalWarning", script], process.env, bar.say)) === 0);
}

/** In continuous integration, and where it is asked for; elsewhere guests run once `npm run hil` has built them. */
function wantsBench({ BARNACLE_HIL: asked, CI }) {
  return asked ? asked !== "0" : Boolean(CI) && CI !== "false";
}

async function prepareBench() {
  const bar = progress("Building the bench's kernel and Debian guest (about six minutes, once)");
  const node = path.join(modules, "node", "bin", "node");
  const script = path.join(root, "test", "hil", "bench", "build.ts");
  // A machine that cannot build it is told why here; the tests say that they were skipped.
  bar.done((await run(node, ["--disable-warning=ExperimentalWarning", script], process.env, bar.say)) === 0);
}

function fingerprint(files) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of files) hash.update(readFileSync(path.join(root, file)));
  return hash.digest("hex");
}
