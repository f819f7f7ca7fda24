import { existsSync } from "node:fs";
import path from "node:path";
import { cacheDirectory } from "./cache.ts";

/** What the cache holds: one npm package in a folder of its own. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** Two dependencies of the January programs cannot come from a registry: a git address, and an optional 700 MB. */
  readonly january?: boolean;
}

export type Era = "january" | "today";

/** A Moltbot or OpenClaw release that is run as it was published. */
export interface Program extends Package {
  /** Script that Node runs, below the package. */
  readonly entry: string;
  /** First word of its environment variables, and of its state folder below HOME. */
  readonly prefix: "CLAWDBOT" | "OPENCLAW";
  readonly state: ".clawdbot" | ".openclaw";
  readonly era: Era;
  readonly node: Package | undefined;
}

/** Node 22 for the programs of January, as people ran them; today's run on the checkout's own Node 24. */
export const NODE_22: Package = { name: `node-linux-${process.arch}`, version: "22.23.3" };

export const CLAWDBOT: Program = {
  name: "clawdbot",
  version: "2026.1.24-3",
  january: true,
  entry: "dist/entry.js",
  prefix: "CLAWDBOT",
  state: ".clawdbot",
  era: "january",
  node: NODE_22,
};

export const OPENCLAW_JANUARY: Program = {
  name: "openclaw",
  version: "2026.1.30",
  january: true,
  entry: "openclaw.mjs",
  prefix: "OPENCLAW",
  state: ".openclaw",
  era: "january",
  node: NODE_22,
};

export const OPENCLAW: Program = {
  name: "openclaw",
  version: "2026.9.6",
  entry: "openclaw.mjs",
  prefix: "OPENCLAW",
  state: ".openclaw",
  era: "today",
  node: undefined,
};

/** A third party's client library. */
export const OPENCLAW_NODE: Package = { name: "openclaw-node", version: "0.14.0" };

export const PROGRAMS: readonly Program[] = [CLAWDBOT, OPENCLAW_JANUARY, OPENCLAW];
export const PACKAGES: readonly Package[] = [NODE_22, ...PROGRAMS, OPENCLAW_NODE];

export function label({ name, version }: Package): string {
  return `${name}@${version}`;
}

/** The folder of an installed package, as in `node_modules`. */
export function packageFolder(item: Package, cache = cacheDirectory()): string {
  return path.join(cache, label(item), "node_modules", item.name);
}

/** The Node binary that runs a program. */
export function nodeBinary({ node }: Pick<Program, "node">, cache = cacheDirectory()): string {
  return node === undefined ? process.execPath : path.join(packageFolder(node, cache), "bin", "node");
}

/** Where the program's built web UI lies. */
export function controlUiFolder(program: Program, cache = cacheDirectory()): string {
  return path.join(packageFolder(program, cache), "dist", "control-ui");
}

export function installed(item: Package, cache = cacheDirectory()): boolean {
  return existsSync(path.join(cache, label(item), ".ready"));
}
