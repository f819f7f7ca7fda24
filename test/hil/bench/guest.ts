import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT } from "../../support/process.ts";
import { kernel, root } from "./artefacts.ts";

/** quick: the job is the first process, after a second. systemd: it is a unit of a whole system, after some ten. */
export type Boot = "quick" | "systemd";

export interface GuestOptions {
  readonly boot?: Boot;
  readonly memoryMb?: number;
  /** Real time after which the guest is killed. A busy machine makes everything three to ten times slower. */
  readonly limitS?: number;
  /** Folders of the host, read and write, at /mnt/<name>. The checkout is at /mnt/host, read-only. */
  readonly shares?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface GuestResult {
  /** Exit code of the script; undefined when the guest ended, or was killed, before it did. */
  readonly code: number | undefined;
  readonly output: string;
  /** What the kernel and the first process said. */
  readonly console: string;
}

const LIMIT_S = 300;

/**
 * A Debian system on a user-mode kernel: starts on a clean file system, runs one shell script as root, and is gone.
 * What the script leaves in `folder` (/mnt/job in the guest) can be read here afterwards.
 */
export class Guest {
  readonly folder: string;
  readonly #options: GuestOptions;
  readonly #home: string;
  #child: ChildProcess | undefined;

  constructor(options: GuestOptions = {}) {
    this.#options = options;
    this.#home = mkdtempSync(path.join(tmpdir(), "barnacle-guest-"));
    this.folder = path.join(this.#home, "job");
    mkdirSync(this.folder);
  }

  /** Runs a script to its end, and the guest with it. */
  async run(script: string): Promise<GuestResult> {
    writeFileSync(path.join(this.folder, "job.sh"), `${this.#preamble()}\n${script}\n`);
    const [program, ...args] = this.#command();
    // A group of its own: ptraced processes of the guest are the host's as well.
    const child = spawn(program as string, args, {
      detached: true,
      env: { PATH: process.env.PATH, HOME: this.#home, TMPDIR: memoryDirectory() },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text = (text + chunk).slice(-100_000);
      });
    }
    const end = (): void => this.kill();
    process.once("exit", end);
    await once(child, "close");
    process.off("exit", end);
    this.kill();
    const code = this.read("job.rc");
    return { code: code === "" ? undefined : Number(code), output: this.read("job.out"), console: text };
  }

  read(name: string): string {
    const file = path.join(this.folder, name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** Ends every process of the guest, as a power cut does. */
  kill(): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // All of them are gone.
    }
  }

  /** Ends the guest and removes its files. */
  close(): void {
    this.kill();
    rmSync(this.#home, { recursive: true, force: true });
  }

  #preamble(): string {
    const { shares = {}, env = {} } = this.#options;
    const mounts = Object.entries({ ...shares, host: ROOT }).map(([name, folder]) => {
      const mode = name === "host" ? "ro" : "rw";
      return `mkdir -p /mnt/${name} && mount -t hostfs -o ${mode},${quoted(folder)} ${name} /mnt/${name} || exit 125`;
    });
    const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`);
    return [...mounts, 'export PATH="/mnt/host/node_modules/node/bin:$PATH"', ...exports].join("\n");
  }

  #command(): string[] {
    const { boot = "quick", memoryMb = 512, limitS = LIMIT_S } = this.#options;
    return [
      ...["nice", "-n", "10", "timeout", "-s", "KILL", String(limitS)],
      ...NAMESPACE,
      kernel().file,
      ...[`mem=${memoryMb}M`, `uml_dir=${this.#home}`, "umid=guest"],
      ...[`ubd0=${path.join(this.#home, "cow")},${root().file}`, "root=/dev/ubda", "rw"],
      ...(boot === "quick" ? ["init=/usr/sbin/hil-job"] : []),
      `hilshare=${this.folder}`,
      ...["con=null", "con0=null,fd:1", "ssl=null", "quiet", "panic=-1"],
    ];
  }
}

/** Everything in a process namespace ends with its first process; without one there is still the group. */
const NAMESPACE = ((): string[] => {
  const command = ["unshare", "--pid", "--fork", "--kill-child"];
  return spawnSync(command[0] as string, [...command.slice(1), "true"]).status === 0 ? command : [];
})();

/** The guest's memory is a file. */
function memoryDirectory(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
