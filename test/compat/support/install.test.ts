import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { cacheDirectory, notWanted } from "./cache.ts";
import { install } from "./install.ts";
import { CLAWDBOT, installed, type Package } from "./programs.ts";

const PACKAGE: Package = { name: "thing", version: "1.2.3" };

/** A command in npm's place: writes down its arguments and leaves a package, or fails. */
function npm(dir: string, script: string): string {
  const file = path.join(dir, "npm");
  writeFileSync(file, `#!/bin/sh\necho "$@" >> ${dir}/calls\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const calls = (dir: string): string[] => readFileSync(path.join(dir, "calls"), "utf8").trim().split("\n");

t.test("the cache is where the environment says", async (t) => {
  t.equal(cacheDirectory({ BARNACLE_TEST_CACHE: "/a/b", XDG_CACHE_HOME: "/x" }), "/a/b");
  t.equal(cacheDirectory({ XDG_CACHE_HOME: "/x", HOME: "/h" }), "/x/barnacle");
  t.equal(cacheDirectory({ HOME: "/h" }), "/h/.cache/barnacle");
});

t.test("the suite runs when it was asked for, and in continuous integration", async (t) => {
  t.match(notWanted({}), /BARNACLE_COMPAT=1/);
  t.match(notWanted({ CI: "false" }), /BARNACLE_COMPAT=1/);
  t.equal(notWanted({ CI: "true" }), false);
  t.equal(notWanted({ BARNACLE_COMPAT: "1" }), false);
  t.match(notWanted({ CI: "true", BARNACLE_COMPAT: "0" }), /is 0/);
});

t.test("a package is installed once, without running anything of it", async (t) => {
  const dir = t.testdir();
  const cache = path.join(dir, "cache");
  const options = { cache, npm: npm(dir, "mkdir -p node_modules/thing") };
  await install(PACKAGE, options);
  await install(PACKAGE, options);
  t.equal(calls(dir).length, 1, "the second time it is there");
  t.match(calls(dir)[0], /^install --ignore-scripts --omit=dev .*--save-exact.* thing@1\.2\.3$/);
  t.ok(existsSync(path.join(cache, "thing@1.2.3", "node_modules", "thing")));
  t.same(readdirSync(cache), ["thing@1.2.3"], "nothing else is left");
});

t.test("what was left half done, here or by a process that was killed, is done again", async (t) => {
  const dir = t.testdir();
  const cache = path.join(dir, "cache");
  mkdirSync(path.join(cache, "thing@1.2.3", "node_modules", "rest"), { recursive: true });
  await t.rejects(install(PACKAGE, { cache, npm: npm(dir, "echo no such thing >&2; exit 3") }), {
    message: /ended with 3\n.*no such thing/s,
  });
  t.notOk(installed(PACKAGE, cache));
  await install(PACKAGE, { cache, npm: npm(dir, "mkdir -p node_modules/thing") });
  t.ok(installed(PACKAGE, cache));
  t.same(readdirSync(path.join(cache, "thing@1.2.3", "node_modules")), ["thing"]);
});

t.test("two at once do not disturb each other", async (t) => {
  const dir = t.testdir();
  const cache = path.join(dir, "cache");
  const options = { cache, npm: npm(dir, "mkdir -p node_modules/thing; sleep 0.2") };
  await Promise.all([install(PACKAGE, options), install(PACKAGE, options)]);
  t.ok(installed(PACKAGE, cache));
  t.same(readdirSync(cache), ["thing@1.2.3"]);
});

t.test("the January programs are given what no registry has", async (t) => {
  const dir = t.testdir();
  const cache = path.join(dir, "cache");
  await install(CLAWDBOT, {
    cache,
    npm: npm(dir, "cat stub-llama/package.json >> calls-stub; cp package.json ../kept.json"),
  });
  const kept = JSON.parse(readFileSync(path.join(cache, "kept.json"), "utf8")) as { overrides: object };
  t.same(Object.keys(kept.overrides), ["libsignal", "node-llama-cpp"]);
});

t.test("an npm that is not there is named", async (t) => {
  const cache = path.join(t.testdir(), "cache");
  await t.rejects(install(PACKAGE, { cache, npm: "/no/npm" }), { message: /\/no\/npm could not be started/ });
});
