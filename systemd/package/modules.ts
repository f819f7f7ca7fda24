import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { type Architecture, NODE_ARCH, type Product } from "./product.ts";
import { prune } from "./prune.ts";
import { run } from "./run.ts";

const WORKSPACES = ["protocol", "hardware", "node-agent", "hub"];
const MANIFESTS = ["package.json", "package-lock.json", ".npmrc", ...WORKSPACES.map((name) => `${name}/package.json`)];

/**
 * The production modules of a product for a target, in a folder that looks like a checkout without sources: from the cache,
 * or installed into it by `npm ci` from the lock file, without running anybody's scripts.
 */
export async function productionModules(
  root: string,
  product: Product,
  arch: Architecture,
  cache: string,
): Promise<string> {
  const hash = createHash("sha256");
  for (const file of [...MANIFESTS, "systemd/package/prune.ts"]) hash.update(readFileSync(path.join(root, file)));
  const home = path.join(cache, `modules-${product.workspace}-${arch}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(home)) return home;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(path.join(cache, ".modules-"));
  try {
    for (const file of MANIFESTS) cpSync(path.join(root, file), path.join(work, file));
    await run(
      "npm",
      [
        ...["ci", "--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
        ...[`--cpu=${NODE_ARCH[arch]}`, "--os=linux", "--libc=glibc", `--workspace=${product.workspace}`],
      ],
      { cwd: work },
    );
    prune(path.join(work, "node_modules"), product, arch);
    renameSync(work, home);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return home;
}
