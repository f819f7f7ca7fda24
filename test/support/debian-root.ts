import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { BarnacleError } from "@barnacle/protocol/errors";
import { cacheFolder } from "../../systemd/package/cache.ts";
import { Running } from "./process.ts";

const SUITE = "bookworm";
/** A system without systemd, as small as the packages allow; with cloud-init, which reads prepared cards. */
const INCLUDED = [
  "libasound2",
  "libsystemd0",
  "systemd-standalone-sysusers",
  "systemd-standalone-tmpfiles",
  "cloud-init",
];
const KEPT = 2;

/** Why packages cannot be installed in a system of their own here; false when they can. */
export function rootMissing(env: NodeJS.ProcessEnv = process.env): string | false {
  if (process.platform !== "linux" || process.arch !== "x64") return "the packages are tried on x86-64 Linux only";
  if (process.getuid?.() !== 0) return "installing packages into a system of its own takes root";
  if (existsSync(rootFolder())) return false;
  const asked = env.BARNACLE_PACKAGES || (env.CI && env.CI !== "false");
  if (!asked || env.BARNACLE_PACKAGES === "0")
    return "the Debian system to install into is not built; BARNACLE_PACKAGES=1 (or CI) builds it, once";
  if (spawnSync("mmdebstrap", ["--version"]).status !== 0) return "the Debian package mmdebstrap is not installed";
  return false;
}

/** A Debian system that is this process's alone: its files over a cached one, gone when it is closed. */
export class DebianRoot {
  readonly #work: string;
  #holder: ChildProcess | undefined;
  #inside = 0;

  /** @param work a folder on a file system that overlays can be written to */
  constructor(work: string) {
    this.#work = work;
  }

  /** Path of the system's root, as the host sees what was written; only files that were not there before are in it. */
  get changes(): string {
    return path.join(this.#work, "changes");
  }

  /** @param shared host folders that are seen below /mnt under the same names */
  async open(shared: Readonly<Record<string, string>>): Promise<void> {
    for (const name of ["changes", "scratch", "root"]) mkdirSync(path.join(this.#work, name), { recursive: true });
    const script = `set -e
      cd ${this.#work}
      mount -t overlay overlay -o lowerdir=${builtRoot()},upperdir=changes,workdir=scratch root
      cd root
      mount -t proc proc proc; mount --rbind /dev dev; mount -t tmpfs tmpfs tmp; mount -t tmpfs tmpfs run
      ${Object.entries(shared)
        .map(([name, folder]) => `mkdir -p mnt/${name}; mount --bind ${folder} mnt/${name}`)
        .join("\n")}
      printf '127.0.0.1 localhost blank\\n' > etc/hosts; hostname blank
      printf 'exit 101\\n' > usr/sbin/policy-rc.d
      echo open; exec chroot . sleep infinity`;
    const flags = ["--mount", "--pid", "--uts", "--fork", "--kill-child", "--propagation", "private"];
    const holder = spawn("unshare", [...flags, "--", "/bin/sh", "-c", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#holder = holder;
    const lines = createInterface({ input: holder.stdout });
    const first = await new Promise((resolve) => {
      lines.once("line", resolve);
      holder.once("exit", () => resolve("the namespace ended"));
    });
    if (first !== "open") throw new BarnacleError("INTERNAL", `no Debian system to install into: ${first}`);
    this.#inside = Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8").trim());
  }

  async close(): Promise<void> {
    const holder = this.#holder;
    this.#holder = undefined;
    if (holder && holder.exitCode === null) {
      const gone = new Promise((resolve) => holder.once("exit", resolve));
      holder.kill("SIGKILL");
      await gone;
    }
    rmSync(this.#work, { recursive: true, force: true });
  }

  /** Runs a shell command as root to its end. */
  sh(command: string): { code: number | null; stdout: string; stderr: string } {
    // Set inside: the test runner adds options for Node to whatever environment a child is given.
    const environment = Object.entries(ROOT_ENV).map(([name, value]) => `${name}=${value}`);
    const [program, ...rest] = this.#enter(["env", "-i", ...environment, "/bin/sh", "-c", command]);
    const { status, stdout, stderr } = spawnSync(program as string, rest, { encoding: "utf8" });
    return { code: status, stdout, stderr };
  }

  /** The same, as lines of output. @throws INTERNAL with what it said when it failed */
  must(command: string): string {
    const { code, stdout, stderr } = this.sh(command);
    if (code !== 0) throw new BarnacleError("INTERNAL", `${command} ended with ${code}\n${stdout}\n${stderr}`);
    return stdout;
  }

  /** Starts what an installed unit starts, as its account and with its environment, without its sandbox. */
  start(unit: string, ...more: string[]): Running {
    const text = this.must(`cat /usr/lib/systemd/system/${unit}.service`).replace(/\\\n\s*/g, "");
    const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
    const account = [`--reuid=${setting("User")}`, `--regid=${setting("Group")}`, "--init-groups", "--inh-caps=-all"];
    const environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", ...setting("Environment").split(" ")];
    const command = [...environment, ...setting("ExecStart").split(/\s+/), ...more];
    const pid = `/run/${unit}.pid`;
    const kept = ["/bin/sh", "-c", `echo $$ > ${pid}; exec "$@"`, "sh"];
    const [program, ...args] = this.#enter([...kept, "setpriv", ...account, "--no-new-privs", "--", ...command]);
    const signal = (name: string): unknown => this.sh(`kill -${name} $(cat ${pid})`);
    return new RunningInside(unit, program as string, args, signal);
  }

  #enter(command: readonly string[]): string[] {
    return ["nsenter", "-t", String(this.#inside), "-m", "-p", "-u", "-r", "-w", "--", ...command];
  }
}

/** The process that is started from here only waits for the real one, and would leave it behind. */
class RunningInside extends Running {
  readonly #signal: (name: string) => unknown;

  constructor(name: string, program: string, args: readonly string[], signal: (name: string) => unknown) {
    super(name, program, args, {}, []);
    this.#signal = signal;
  }

  override async kill(): Promise<void> {
    if (this.running) this.#signal("KILL");
    await this.exited;
  }

  override async stop(): Promise<number | null> {
    if (this.running) this.#signal("TERM");
    return this.exited;
  }
}

const ROOT_ENV = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LC_ALL: "C",
  DEBIAN_FRONTEND: "noninteractive",
};

function rootFolder(): string {
  const recipe = createHash("sha256")
    .update(JSON.stringify([SUITE, INCLUDED]))
    .digest("hex")
    .slice(0, 12);
  return path.join(cacheFolder(), `root-${SUITE}-${recipe}`);
}

function builtRoot(): string {
  const folder = rootFolder();
  if (existsSync(folder)) return folder;
  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(path.join(path.dirname(folder), ".root-"));
  // What this machine's own apt uses; without it mmdebstrap takes Debian's.
  const sources = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"].find((file) => existsSync(file));
  const args = ["--quiet", "--variant=minbase", `--include=${INCLUDED.join(",")}`, SUITE, path.join(work, "root")];
  const made = spawnSync("mmdebstrap", [...args, ...(sources ? [sources] : [])], { encoding: "utf8" });
  if (made.status === 0) renameSync(path.join(work, "root"), folder);
  rmSync(work, { recursive: true, force: true });
  if (made.status !== 0) throw new BarnacleError("INTERNAL", `mmdebstrap ended with ${made.status}\n${made.stderr}`);
  sweep(path.dirname(folder));
  return folder;
}

/** Systems of older recipes, which take half a gigabyte each. */
function sweep(cache: string): void {
  const roots = readdirSync(cache).filter((name) => name.startsWith(`root-${SUITE}-`));
  for (const name of roots.slice(0, Math.max(0, roots.length - KEPT))) {
    if (path.join(cache, name) !== rootFolder()) rmSync(path.join(cache, name), { recursive: true, force: true });
  }
}
