import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import { gitError } from "./git-errors.ts";
import type { ConfigGuard } from "./guard.ts";
import { PROTOCOLS } from "./url.ts";

export interface GitRun {
  /** Default: the runner's own directory. */
  readonly cwd?: string | undefined;
  readonly input?: string | undefined;
  /** Default 60 s. */
  readonly timeoutMs?: number | undefined;
  /** Exit codes that are answers. Default: 0. */
  readonly codes?: readonly number[] | undefined;
  /** Author and committer of what is made. */
  readonly as?: { readonly name: string; readonly email: string } | undefined;
  /** Another index than the worktree's. */
  readonly indexFile?: string | undefined;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GitOptions {
  readonly cwd: string;
  readonly clock: Clock;
  /** Of the hub; what git needs of it is passed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where secrets of addresses are kept. */
  readonly credentials?: string | undefined;
  /** What runs now, to be ended with the hub. */
  readonly running?: Set<AbortController> | undefined;
  /** Looks at a repository's configuration before anything is done in it. */
  readonly guard?: Pick<ConfigGuard, "check"> | undefined;
}

export const LOCAL_MS = 60_000;
/** For what goes over a network. */
export const REMOTE_MS = 600_000;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_STDERR = 20_000;

const PASSED = [
  ...["PATH", "HOME", "USER", "TMPDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK"],
  ...["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_SSL_CAINFO", "SSL_CERT_FILE"],
  ...["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"],
];

/** Whatever a repository's configuration says: none of its programs runs because the hub looked at it. */
const SETTINGS = [
  ...["core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=false", "core.pager=cat"],
  ...["gc.auto=0", "maintenance.auto=false", "submodule.recurse=false", "fetch.recurseSubmodules=false"],
  ...["commit.gpgSign=false", "tag.gpgSign=false", "push.gpgSign=false", "advice.detachedHead=false"],
  ...["init.defaultBranch=main", "diff.external=", "core.gitProxy=", "core.alternateRefsCommand="],
].flatMap((setting) => ["-c", setting]);

/**
 * The git program: no shell, no prompt, no hook, a time limit. A name from outside goes behind `--` or is checked to begin with no dash.
 */
export class Git {
  readonly #options: GitOptions;

  constructor(options: GitOptions) {
    this.#options = options;
  }

  /** The same in another directory. */
  at(cwd: string): Git {
    return new Git({ ...this.#options, cwd });
  }

  /** @throws GIT_FAILED, STATE_UNWRITABLE (disk full), TIMEOUT */
  async run(args: readonly string[], run: GitRun = {}): Promise<GitResult> {
    const { cwd = this.#options.cwd, codes = [0] } = run;
    if (!existsSync(cwd)) {
      throw new BarnacleError("GIT_FAILED", `the directory ${cwd} is not there`, { details: { cwd } });
    }
    await this.#options.guard?.check(cwd);
    const result = await this.#spawned(args, { ...run, cwd });
    if (codes.includes(result.code)) return result;
    throw gitError(args, cwd, result);
  }

  /** Standard output without the last line's end. */
  async text(args: readonly string[], run: GitRun = {}): Promise<string> {
    return (await this.run(args, run)).stdout.replace(/\n$/, "");
  }

  /** Whether the command says yes. */
  async yes(args: readonly string[], run: GitRun = {}): Promise<boolean> {
    return (await this.run(args, { ...run, codes: [0, 1, 128] })).code === 0;
  }

  /** The commit that a name means; undefined when it means none. */
  async commitOf(name: string): Promise<string | undefined> {
    const { code, stdout } = await this.run(
      ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`],
      {
        codes: [0, 1, 128],
      },
    );
    return code === 0 ? stdout.trim() : undefined;
  }

  #environment({ as, indexFile }: GitRun): Record<string, string> {
    const { env } = this.#options;
    const passed = PASSED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as [string, string]]));
    return {
      ...Object.fromEntries(passed),
      ...{ LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_ALLOW_PROTOCOL: PROTOCOLS.join(":"), GIT_OPTIONAL_LOCKS: "0" },
      ...{ GIT_EDITOR: ":", GIT_SEQUENCE_EDITOR: ":", GIT_PAGER: "cat", SSH_ASKPASS_REQUIRE: "never" },
      ...(as === undefined
        ? {}
        : {
            ...{ GIT_AUTHOR_NAME: as.name, GIT_AUTHOR_EMAIL: as.email },
            ...{ GIT_COMMITTER_NAME: as.name, GIT_COMMITTER_EMAIL: as.email },
          }),
      ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }),
    };
  }

  #spawned(args: readonly string[], run: GitRun & { readonly cwd: string }): Promise<GitResult> {
    const { clock, credentials, running } = this.#options;
    const { cwd, input, timeoutMs = LOCAL_MS } = run;
    // Quoted: git gives the helper's line to a shell of its own.
    const helper = credentials === undefined ? [] : ["-c", `credential.helper=store --file='${credentials}'`];
    return new Promise((resolve, reject) => {
      const child = spawn("git", [...SETTINGS, ...helper, ...args], {
        ...{ cwd, env: this.#environment(run), shell: false },
        stdio: ["pipe", "pipe", "pipe"],
        // Without a terminal, so nothing below can ask anybody; and one group, to be ended as one.
        detached: true,
      });
      let stdout = "";
      let stderr = "";
      let ended: BarnacleError | undefined;
      const end = (error: BarnacleError): void => {
        ended ??= error;
        killGroup(child);
      };
      const stopped = new AbortController();
      stopped.signal.addEventListener("abort", () =>
        end(new BarnacleError("HUB_STOPPING", `the hub stops; git ${args[0]} was ended`)),
      );
      running?.add(stopped);
      const timer = clock.after(timeoutMs, () =>
        end(new BarnacleError("TIMEOUT", `git ${args[0]} in ${cwd} took longer than ${timeoutMs / 1000} s`)),
      );
      const cancel = (): void => {
        timer();
        running?.delete(stopped);
      };
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        stdout += chunk;
        if (stdout.length > MOST_BYTES) end(new BarnacleError("GIT_FAILED", `git ${args[0]}: too much output`));
      });
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        stderr = (stderr + chunk).slice(-MOST_STDERR);
      });
      child.stdin.on("error", () => {});
      child.stdin.end(input ?? "");
      child.once("error", (error) => {
        cancel();
        reject(
          new BarnacleError("GIT_FAILED", `git cannot be started: ${messageOf(error)}`, {
            hint: "Install git (apt install git).",
          }),
        );
      });
      child.once("close", (code) => {
        cancel();
        if (ended) reject(ended);
        else resolve({ code: code ?? 255, stdout, stderr });
      });
    });
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Over by itself.
  }
}

/** Names and values of a configuration file. */
export async function configEntries(git: Git, file: string): Promise<[string, string][]> {
  const { stdout } = await git.run(["config", "--file", file, "--no-includes", "--list", "-z"]);
  return stdout
    .split("\0")
    .filter(Boolean)
    .map((entry) => {
      const end = entry.indexOf("\n");
      return end < 0 ? [entry, ""] : [entry.slice(0, end), entry.slice(end + 1)];
    });
}
