import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { cacheDirectory } from "../../compat/support/cache.ts";

export const BENCH = import.meta.dirname;
export const HIL = path.dirname(BENCH);
export const SUITE = "bookworm";
export const KERNEL_SOURCE = "linux-source-6.1";
const SOURCE_ARCHIVE = `/usr/src/${KERNEL_SOURCE}.tar.xz`;

/** A file that is made once and kept in the cache; its name tells what it was made from. */
export interface Artefact {
  readonly what: string;
  readonly file: string;
  readonly command: readonly string[];
  /** Packages of debian-packages.txt that making it needs: those with this word. */
  readonly needs: string;
  readonly asRoot: boolean;
}

export function directory(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(cacheDirectory(env), "hil");
}

/** The kernel, by the version of its source and the recipe; any version of the source where none is installed. */
export function kernel(cache: string = directory()): Artefact {
  const recipe = digest([read("bench/kernel.sh")]);
  const version = installedVersion(KERNEL_SOURCE);
  const name = version
    ? `linux-uml-${version}-${recipe}`
    : (kept(cache).findLast((file) => file.startsWith("linux-uml-") && file.endsWith(recipe)) ?? `linux-uml-${recipe}`);
  const command = [path.join(BENCH, "kernel.sh"), SOURCE_ARCHIVE];
  const what = "the user-mode Linux kernel (about five minutes, once)";
  return { what, file: path.join(cache, name), command, needs: "kernel", asRoot: false };
}

/** The guest's file system, by the packages in it and what the bench adds. */
export function root(cache: string = directory()): Artefact {
  const packages = packageList();
  const parts = ["guest/hil-job", "guest/hil-job.service", "bench/root.sh"].map(read);
  const name = `root-${SUITE}-${digest([...packages, ...parts])}.img`;
  const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const command = [path.join(BENCH, "root.sh"), SUITE, packages.join(","), owner];
  const what = "the guest's Debian system (half a minute, once)";
  return { what, file: path.join(cache, name), command, needs: "root", asRoot: true };
}

export function packageList(): string[] {
  return read("guest/packages.txt")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Undefined when a guest can be started now, else why not. */
export function benchMissing(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.BARNACLE_HIL === "0") return "BARNACLE_HIL is 0";
  if (process.platform !== "linux" || process.arch !== "x64") return "guests run on x86-64 Linux only";
  const absent = [kernel(directory(env)), root(directory(env))].filter(({ file }) => !existsSync(file));
  if (absent.length === 0) return undefined;
  return `${absent.map(({ what }) => what).join(" and ")} not built: npm run hil builds and says what is missing`;
}

function kept(cache: string): string[] {
  try {
    return readdirSync(cache).sort();
  } catch {
    return [];
  }
}

function read(name: string): string {
  return readFileSync(path.join(HIL, name), "utf8");
}

function digest(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 12);
}

function installedVersion(name: string): string | undefined {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are dpkg-query's own format.
  const query = spawnSync("dpkg-query", ["-W", "-f=${db:Status-Status} ${Version}", name], { encoding: "utf8" });
  const [status, version] = (query.stdout ?? "").split(" ");
  return status === "installed" ? version : undefined;
}
