import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { type BuildOptions, buildDaemon, buildPhrases } from "./build.ts";
import { type Architecture, PRODUCTS } from "./product.ts";
import { filesBelow } from "./tree.ts";

const KEEP_OUT = /(^|\/)node_modules\/|\.test\.ts$/;
/** What the bytes of a package depend on, beside version, time and architecture. */
const INPUTS = ["protocol", "hardware", "node-agent", "hub", "systemd"];
const FILES = ["package.json", "package-lock.json", ".npmrc", "LICENSE"];

/** How many of a kind stay in the cache. */
const KEPT: Readonly<Record<string, number>> = { "debs-": 4, "modules-": 8 };

/** Where everything that is built or fetched once is kept. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = env.XDG_CACHE_HOME || path.join(env.HOME || homedir(), ".cache");
  return path.join(env.BARNACLE_TEST_CACHE || path.join(base, "barnacle"), "deb");
}

export interface Packages {
  readonly hub: string;
  readonly node: string;
  readonly phrases: string;
}

/**
 * The three packages of this checkout for one architecture, from the cache or built into it without compression. For tests
 * and the bench: they install them as a household would.
 */
export async function cachedPackages(
  root: string,
  arch: Architecture,
  options: { readonly version?: string; readonly cache?: string; readonly seconds?: number } = {},
): Promise<Packages> {
  const { cache = cacheFolder(), seconds = 0, version } = options;
  const home = path.join(cache, `debs-${arch}-${inputsHash(root, [version ?? "", String(seconds)])}`);
  if (!existsSync(home)) {
    mkdirSync(cache, { recursive: true });
    const out = mkdtempSync(path.join(cache, ".debs-"));
    try {
      await buildAll([arch], {
        root,
        cache,
        seconds,
        out,
        compression: "none",
        ...(version === undefined ? {} : { version }),
      });
      renameSync(out, home);
      sweep(cache);
    } catch (error) {
      // Somebody else was quicker with the same.
      if (!existsSync(home)) throw error;
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  }
  const file = (name: string): string =>
    path.join(home, filesBelow(home).find((each) => each.startsWith(`${name}_`)) as string);
  return { hub: file("barnacle-hub"), node: file("barnacle-node"), phrases: file("barnacle-wake-phrases") };
}

/** Packages of other sources take a third of a gigabyte each; a bench or a test that uses one has it open. */
function sweep(cache: string): void {
  for (const [prefix, kept] of Object.entries(KEPT)) {
    const names = readdirSync(cache)
      .filter((name) => name.startsWith(prefix))
      .map((name) => ({ name, at: statSync(path.join(cache, name)).mtimeMs }))
      .sort((a, b) => b.at - a.at);
    for (const { name } of names.slice(kept)) rmSync(path.join(cache, name), { recursive: true, force: true });
  }
}

/** @returns the paths of all packages, in the order in which they were built */
export async function buildAll(archs: readonly Architecture[], options: BuildOptions): Promise<string[]> {
  const built = [await buildPhrases(options)];
  for (const arch of archs) for (const product of PRODUCTS) built.push(await buildDaemon(product, arch, options));
  return built;
}

function inputsHash(root: string, more: readonly string[]): string {
  const hash = createHash("sha256");
  for (const word of more) hash.update(`${word}\0`);
  const below = INPUTS.flatMap((folder) => filesBelow(path.join(root, folder)).map((file) => `${folder}/${file}`));
  for (const file of [...FILES, ...below]) {
    if (KEEP_OUT.test(file)) continue;
    hash.update(`${file}\0`).update(readFileSync(path.join(root, file)));
  }
  return hash.digest("hex").slice(0, 16);
}
