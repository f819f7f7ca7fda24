export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The git program as the rigs run it: no shell, no prompt, no hooks. */
export interface GitRunner {
  /** @throws GIT_FAILED when the exit code is none of `codes`, TIMEOUT */
  run(
    args: readonly string[],
    run?: {
      readonly cwd?: string;
      /** Exit codes that are answers. */
      readonly codes?: readonly number[];
      readonly timeoutMs?: number;
      readonly as?: { readonly name: string; readonly email: string };
    },
  ): Promise<GitResult>;
}

const ANY = Array.from({ length: 256 }, (_, code) => code);
/** For what goes over a network. */
const REMOTE_MS = 600_000;
const REMOTE = new Set(["fetch", "push", "ls-remote"]);
const LOCAL_MS = 120_000;

/** Git in one directory, in the name of the refinery. */
export class RefineryGit {
  readonly cwd: string;
  readonly #runner: GitRunner;
  readonly #who: string;

  constructor(runner: GitRunner, cwd: string, who: string) {
    this.#runner = runner;
    this.cwd = cwd;
    this.#who = who;
  }

  at(cwd: string): RefineryGit {
    return new RefineryGit(this.#runner, cwd, this.#who);
  }

  /** Whatever comes of it. */
  try(...args: string[]): Promise<GitResult> {
    return this.#run(args, ANY);
  }

  /** Standard output without its last line end. @throws GIT_FAILED with git's own words, TIMEOUT */
  async run(...args: string[]): Promise<string> {
    return (await this.#run(args, [0])).stdout.replace(/\n$/, "");
  }

  /** Whether the command says yes. */
  async yes(...args: string[]): Promise<boolean> {
    return (await this.try(...args)).code === 0;
  }

  #run(args: readonly string[], codes: readonly number[]): Promise<GitResult> {
    const email = `${this.#who.replaceAll("/", ".")}@barnacle.invalid`;
    const timeoutMs = REMOTE.has(args[0] ?? "") ? REMOTE_MS : LOCAL_MS;
    return this.#runner.run(args, { cwd: this.cwd, codes, timeoutMs, as: { name: this.#who, email } });
  }
}
