import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { cacheDirectory } from "./cache.ts";
import { Process } from "./process.ts";
import { installed, label, nodeBinary, type Program, packageFolder } from "./programs.ts";

/** A program may take this long for one command: it loads 0.5 GB of itself, on a machine that may be busy. */
export const COMMAND_MS = 120_000;

export interface Target {
  /** `ws://127.0.0.1:PORT` */
  readonly url: string;
  readonly token: string;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One installation of a program: a HOME of its own with the identity, tokens and settings that the program keeps. */
export class ClientHome {
  readonly dir: string;
  readonly program: Program;

  constructor(dir: string, program: Program) {
    if (!installed(program)) {
      throw new BarnacleError(
        "NOT_FOUND",
        `${label(program)} is not in ${cacheDirectory()}; node test/compat/support/fetch.ts brings it`,
      );
    }
    this.dir = dir;
    this.program = program;
    for (const each of ["home", "tmp"]) mkdirSync(path.join(dir, each), { recursive: true, mode: 0o700 });
    // The January programs translate their plugins at first use, half a minute of computing: kept for all homes.
    const translated = path.join(cacheDirectory(), "jiti");
    mkdirSync(translated, { recursive: true });
    rmSync(path.join(dir, "tmp", "jiti"), { recursive: true, force: true });
    symlinkSync(translated, path.join(dir, "tmp", "jiti"));
  }

  get stateDir(): string {
    return path.join(this.dir, "home", this.program.state);
  }

  get configFile(): string {
    return path.join(this.stateDir, `${this.program.state.slice(1)}.json`);
  }

  /** Points every sub-command of the CLI at one gateway. */
  useRemote({ url, token }: Target): this {
    const { port } = new URL(url);
    return this.configure({
      gateway: { mode: "remote", port: Number(port), remote: { url, token } },
      update: { checkOnStart: false },
    });
  }

  configure(config: object): this {
    mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(this.configFile, JSON.stringify(config, undefined, 2), { mode: 0o600 });
    return this;
  }

  /** The id that the program's key gives it on every gateway; undefined before it first needed one. */
  get deviceId(): string | undefined {
    try {
      const text = readFileSync(path.join(this.stateDir, "identity", "device.json"), "utf8");
      return (JSON.parse(text) as { deviceId?: string }).deviceId;
    } catch {
      return undefined;
    }
  }

  /** Nothing of the environment reaches the program but a path, a language and its own switches. */
  env(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
    const { prefix } = this.program;
    const switches = [
      "DISABLE_BONJOUR",
      "HIDE_BANNER",
      "SKIP_CHANNELS",
      "SKIP_BROWSER_CONTROL_SERVER",
      "SKIP_CANVAS_HOST",
    ];
    return {
      HOME: path.join(this.dir, "home"),
      PATH: `${path.dirname(nodeBinary(this.program))}:/usr/local/bin:/usr/bin:/bin`,
      TMPDIR: path.join(this.dir, "tmp"),
      LANG: "C.UTF-8",
      TERM: "xterm-256color",
      NO_COLOR: "1",
      NODE_COMPILE_CACHE: path.join(cacheDirectory(), "compile"),
      ...Object.fromEntries(switches.map((name) => [`${prefix}_${name}`, "1"])),
      [`${prefix}_NO_AUTO_UPDATE`]: "1",
      ...extra,
    };
  }

  command(args: readonly string[]): [string, string[]] {
    return [nodeBinary(this.program), [path.join(packageFolder(this.program), this.program.entry), ...args]];
  }

  /** Runs one command to its end. */
  async run(
    args: readonly string[],
    options: { env?: Record<string, string>; timeoutMs?: number } = {},
  ): Promise<Outcome> {
    const [command, rest] = this.command(args);
    const child = spawn(command, rest, {
      cwd: this.dir,
      env: this.env(options.env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const limit = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? COMMAND_MS);
    const [code] = (await once(child, "close")) as [number | null];
    clearTimeout(limit);
    return { code, stdout, stderr };
  }

  /** Starts what goes on until it is stopped: a node host, a gateway. */
  start(args: readonly string[], env: Record<string, string> = {}): Process {
    const [command, rest] = this.command(args);
    return new Process(`${this.program.name} ${args[0]}`, command, rest, { cwd: this.dir, env: this.env(env) });
  }
}
