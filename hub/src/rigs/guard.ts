import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { configEntries, type Git } from "./git.ts";

/** Keys by which a configuration runs a program or sends what is pushed elsewhere, where the hub's own settings do not win. */
const RUNS =
  /^(?:core\.(?:sshcommand|askpass|editor|worktree)|filter\..+\.(?:clean|smudge|process)|diff\..+\.(?:command|textconv)|merge\..+\.driver|credential\..*|remote\..+\.(?:uploadpack|receivepack|vcs|proxy|pushurl)|url\..*|include\..*|includeif\..*|http\..*|protocol\..*|uploadpack\..*|gpg\..*|trailer\..*|ssh\..*)$/;

interface GuardOptions {
  /** The bare mirror. */
  readonly repo: string;
  /** Of its origin. */
  readonly url: string;
  /** Names and values of a configuration file, as git reads them. */
  readonly entries: (file: string) => Promise<readonly (readonly [key: string, value: string])[]>;
}

/**
 * Agents can write the configuration of the mirror that their worktrees belong to, and git runs programs that are named
 * there. Before the hub's git works in a mirror or a worktree, its files are looked through; unchanged ones not again.
 */
export class ConfigGuard {
  readonly #options: GuardOptions;
  readonly #good = new Map<string, string>();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** @throws RIG_REFUSED naming file and key */
  async check(cwd: string): Promise<void> {
    const { repo } = this.#options;
    const directory = gitDirectory(cwd, repo);
    if (directory === undefined) return;
    const files = [path.join(repo, "config"), path.join(repo, "config.worktree")];
    if (directory !== repo) files.push(path.join(directory, "config.worktree"));
    for (const file of files) await this.#checkFile(file);
  }

  async #checkFile(file: string): Promise<void> {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
    const stamp = stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}` : "none";
    if (this.#good.get(file) === stamp) return;
    if (stat) {
      for (const [key, value] of await this.#options.entries(file)) {
        const elsewhere = key === "remote.origin.url" && value !== this.#options.url;
        if (!elsewhere && !RUNS.test(key)) continue;
        throw new BarnacleError("RIG_REFUSED", `${file} has ${key}, which the hub's git does not follow`, {
          hint: `Look who set it; take it out: git config --file ${file} --unset ${key}`,
          details: { file, key },
        });
      }
    }
    this.#good.set(file, stamp);
  }
}

/** @param git of any directory */
export function guardOf(git: Git, repo: string, url: string): ConfigGuard {
  return new ConfigGuard({ repo, url, entries: (file) => configEntries(git, file) });
}

/**
 * Where git would look from `cwd`: undefined where nothing is.
 * @throws RIG_REFUSED when a worktree points to another repository
 */
function gitDirectory(cwd: string, repo: string): string | undefined {
  if (cwd === repo) return repo;
  const link = path.join(cwd, ".git");
  if (!existsSync(link)) return undefined;
  const target = /^gitdir: (.+)$/m.exec(statSync(link).isFile() ? readFileSync(link, "utf8") : "")?.[1];
  const directory = target === undefined ? undefined : realOf(path.resolve(cwd, target));
  if (directory?.startsWith(`${realOf(repo)}/worktrees/`)) {
    const common = path.join(directory, "commondir");
    if (existsSync(common) && realOf(path.resolve(directory, readFileSync(common, "utf8").trim())) === realOf(repo)) {
      return directory;
    }
  }
  throw new BarnacleError("RIG_REFUSED", `${link} does not belong to ${repo}`, {
    hint: "Somebody changed it. `barnacle worktree remove --force` forgets the worktree once its directory is moved away.",
    details: { link },
  });
}

function realOf(directory: string): string | undefined {
  try {
    return realpathSync(directory);
  } catch {
    return undefined;
  }
}
