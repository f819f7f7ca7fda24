import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { TownBase } from "../town/part.ts";
import type { WhichWorkspace, Workspaces } from "../workspaces/index.ts";
import { Adding } from "./adding.ts";
import { credentialFile, dropCredential, keepCredential } from "./credentials.ts";
import { Git, REMOTE_MS } from "./git.ts";
import { type ConfigGuard, guardOf } from "./guard.ts";
import type { HookProgram } from "./hook-scripts.ts";
import { Lanes } from "./lanes.ts";
import { advance, bundleUnpushed, fetchOrigin, standing } from "./mirror.ts";
import { checkBranch, checkRigName } from "./names.ts";
import { checkRigPrefix, derivePrefix, prefixOf } from "./prefix.ts";
import { settingDefault, settingValue } from "./settings.ts";
import { findRig, listRigs, needRig, type Rig, type RigState, rigByPrefix } from "./table.ts";
import { parseOrigin } from "./url.ts";

export interface RigsOptions extends TownBase {
  readonly workspaces: Workspaces;
  /** Default: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** What the managed git hooks call; without it there are none. */
  readonly hookProgram?: HookProgram | undefined;
}

export interface NewRig {
  readonly name: string;
  /** A path or an address; it may hold user and password, which are kept apart. */
  readonly url: string;
  /** Default: made from the name. */
  readonly prefix?: string | undefined;
  /** Default: the one that the origin's HEAD names. */
  readonly branch?: string | undefined;
  readonly workspace?: string | undefined;
  /** Where it was asked for: for relative paths, and to find the workspace around it. */
  readonly directory?: string | undefined;
}

export interface Refreshed {
  readonly fetched: boolean;
  /** Why not. */
  readonly problem?: string;
  /** Of the default branch beside the origin's. */
  readonly ahead: number;
  readonly behind: number;
}

export interface Pushed {
  readonly pushed: boolean;
  /** Why not: the origin's words, or that the rig's settings keep it here. */
  readonly problem?: string;
}

/** Repositories under management: each a bare mirror with worktrees beside it. */
export class Rigs implements Unit {
  /** What changes one mirror runs one after another. */
  readonly lanes = new Lanes();
  readonly #options: RigsOptions;
  readonly #adding: Adding;
  readonly #guards = new Map<string, { readonly repo: string; readonly url: string; readonly guard: ConfigGuard }>();
  readonly #running = new Set<AbortController>();
  #swept: Promise<unknown> | undefined;

  constructor(options: RigsOptions) {
    this.#options = options;
    this.#adding = new Adding(options);
  }

  async start(): Promise<void> {
    await this.#ready();
  }

  async stop(): Promise<void> {
    for (const controller of this.#running) controller.abort();
    await this.lanes.settled();
    this.#swept = undefined;
  }

  list(workspace?: string): Rig[] {
    return listRigs(this.#options.store, workspace);
  }

  /** @throws RIG_UNKNOWN */
  get(name: string): Rig {
    return needRig(this.#options.store, name);
  }

  find(name: string): Rig | undefined {
    return findRig(this.#options.store, name);
  }

  byPrefix(prefix: string): Rig | undefined {
    return rigByPrefix(this.#options.store, prefix);
  }

  /** The rig that a bead's id belongs to. */
  ofBead(id: string): Rig | undefined {
    const prefix = prefixOf(id);
    return prefix === undefined ? undefined : this.byPrefix(prefix);
  }

  /** Git in the rig's mirror; `at` for its worktrees. @throws RIG_UNKNOWN */
  git(name: string): Git {
    const { repo, url } = this.get(name);
    const known = this.#guards.get(name);
    const guard = known?.url === url && known.repo === repo ? known.guard : guardOf(this.#gitAt("/", name), repo, url);
    this.#guards.set(name, { repo, url, guard });
    return this.#gitAt(repo, name, guard);
  }

  /**
   * Takes a repository under management: all of it, or nothing when it fails or the hub dies over it.
   * @throws INPUT_INVALID, CONFLICT (name or prefix taken), GIT_FAILED, STATE_UNWRITABLE, TIMEOUT
   */
  async add(who: string, given: NewRig): Promise<Rig> {
    await this.#ready();
    const { store, workspaces, clock, random } = this.#options;
    const name = checkRigName(given.name);
    const where: WhichWorkspace = { name: given.workspace, directory: given.directory };
    const workspace = workspaces.choose(where);
    const origin = parseOrigin(given.url, given.directory ?? workspace.path);
    if (given.branch !== undefined) checkBranch(given.branch);
    const token = random.bytes(8).toString("hex");
    const prefix = await store.commit(() => {
      this.#refuseTaken(name);
      const chosen =
        given.prefix === undefined ? derivePrefix(name, (one) => this.#prefixTaken(one)) : this.#free(given.prefix);
      store.run(
        `INSERT INTO rigs (name, workspace, prefix, url, default_branch, state, token, added_at, added_by)
         VALUES (?, ?, ?, ?, '', 'adding', ?, ?, ?)`,
        ...[name, workspace.name, chosen, origin.url, token, clock.now(), who],
      );
      return chosen;
    });
    const planned = { name, root: workspace.path, prefix, url: origin.url, branch: given.branch, token };
    await this.lanes.run(name, async () => {
      keepCredential(store.stateDir, name, origin);
      await this.#adding.make(planned, this.#gitAt(workspace.path, name));
    });
    this.#tell(name, "added", { url: origin.url, prefix });
    return this.get(name);
  }

  /** Brings what the origin has, and moves the default branch along where nothing of ours stands in the way. */
  async refresh(name: string): Promise<Refreshed> {
    return this.lanes.run(name, async () => {
      const rig = this.get(name);
      const git = this.git(name);
      let problem: string | undefined;
      try {
        await fetchOrigin(git);
        const local = await git.commitOf(`refs/heads/${rig.defaultBranch}`);
        const remote = await git.commitOf(`refs/remotes/origin/${rig.defaultBranch}`);
        if (local !== undefined && remote !== undefined && local !== remote) {
          if (await git.yes(["merge-base", "--is-ancestor", local, remote])) {
            await advance(git, rig.defaultBranch, remote, local);
          }
        }
      } catch (error) {
        problem = messageOf(error);
      }
      await this.#note(name, "fetch", problem);
      const { ahead, behind } = (await standing(git, rig.defaultBranch)) ?? { ahead: 0, behind: 0 };
      return { fetched: problem === undefined, ...(problem === undefined ? {} : { problem }), ahead, behind };
    });
  }

  /** Gives the origin a branch of ours. What it refuses stays here and is tried again with the next one. */
  async push(name: string, branch: string): Promise<Pushed> {
    checkBranch(branch);
    return this.lanes.run(name, async () => {
      const { push } = this.get(name);
      if (push === "never") return { pushed: false, problem: "the rig's setting push is never" };
      try {
        const ref = `refs/heads/${branch}`;
        await this.git(name).run(["push", "--quiet", "origin", `${ref}:${ref}`], { timeoutMs: REMOTE_MS });
      } catch (error) {
        await this.#note(name, "push", messageOf(error));
        return { pushed: false, problem: messageOf(error) };
      }
      await this.#note(name, "push", undefined);
      return { pushed: true };
    });
  }

  /** Moves a branch of the mirror forward. @throws CONFLICT, GIT_FAILED */
  async advance(name: string, branch: string, to: string, from: string): Promise<void> {
    await this.lanes.run(name, () => advance(this.git(name), checkBranch(branch), to, from));
  }

  /** @throws RIG_UNKNOWN */
  async setState(who: string, name: string, state: RigState): Promise<Rig> {
    const { store } = this.#options;
    const changed = await store.commit(() => {
      const before = this.get(name);
      if (before.state === state) return false;
      store.run("UPDATE rigs SET state = ? WHERE name = ?", state, name);
      return true;
    });
    if (changed) this.#tell(name, state, { who });
    return this.get(name);
  }

  /** `undefined` takes a setting back to its default. @throws INPUT_INVALID, RIG_UNKNOWN */
  async configure(who: string, name: string, key: string, value: unknown): Promise<Rig> {
    const { store } = this.#options;
    const checked = value === undefined ? undefined : settingValue(key, value);
    if (value === undefined) settingDefault(key);
    await store.commit(() => {
      const { set } = this.get(name);
      const { [key]: _, ...others } = set;
      const next = checked === undefined ? others : { ...others, [key]: checked };
      store.run("UPDATE rigs SET settings = ? WHERE name = ?", JSON.stringify(next), name);
    });
    this.#tell(name, "configured", { who, key });
    return this.get(name);
  }

  /**
   * Forgets a rig. Its directory stays, or with `files` goes: what the origin does not have is put into a bundle beside it first.
   * @throws RIG_REFUSED (a worktree is in use; with `files` also while there are any) unless forced, GIT_FAILED
   */
  async remove(
    who: string,
    name: string,
    { files, force }: { readonly files: boolean; readonly force: boolean } = { files: false, force: false },
  ): Promise<{ readonly directory: string; readonly bundle: string | undefined }> {
    await this.#ready();
    const { store, clock } = this.#options;
    const { directory } = this.get(name);
    const bundle = await this.lanes.run(name, async () => {
      this.#refuseWorkedOn(name, files ? "" : "AND in_use = 1", force && !files);
      const file = `${directory}-${clock.now().toString(36)}.bundle`;
      const saved = files ? await bundleUnpushed(this.git(name), file) : undefined;
      await this.#adding.remove(name, files);
      return saved;
    });
    dropCredential(store.stateDir, name);
    this.#tell(name, "removed", { who, ...(bundle === undefined ? {} : { bundle }) });
    return { directory, bundle };
  }

  /** What a crash left is put right once, before anything else is done. */
  #ready(): Promise<unknown> {
    this.#swept ??= this.#adding.sweep().catch((error: unknown) => {
      this.#swept = undefined;
      throw error;
    });
    return this.#swept;
  }

  #gitAt(cwd: string, rig: string, guard?: ConfigGuard): Git {
    const { clock, store, env = process.env } = this.#options;
    return new Git({
      cwd,
      clock,
      env,
      credentials: credentialFile(store.stateDir, rig),
      running: this.#running,
      guard,
    });
  }

  #refuseTaken(name: string): void {
    const row = this.#options.store.one("SELECT name, state FROM rigs WHERE lower(name) = lower(?)", name);
    if (!row) return;
    const how = row.state === "adding" ? "is being added" : "is there already";
    throw new BarnacleError("CONFLICT", `the rig ${row.name} ${how}`, { hint: "See `barnacle rig list`." });
  }

  #refuseWorkedOn(name: string, which: string, allowed: boolean): void {
    const rows = this.#options.store.all(`SELECT agent FROM worktrees WHERE rig = ? ${which} ORDER BY agent`, name);
    if (rows.length === 0 || allowed) return;
    throw new BarnacleError("RIG_REFUSED", `${name} has worktrees in use: ${rows.map((row) => row.agent).join(", ")}`);
  }

  #free(prefix: string): string {
    const row = this.#options.store.one("SELECT name FROM rigs WHERE prefix = ?", checkRigPrefix(prefix));
    if (!row) return prefix;
    throw new BarnacleError("CONFLICT", `the prefix ${prefix} belongs to the rig ${row.name}`, {
      hint: "Choose another with --prefix.",
    });
  }

  /** A made one keeps clear of ids that are there already. */
  #prefixTaken(prefix: string): boolean {
    const { store } = this.#options;
    return (
      store.one("SELECT 1 AS yes FROM rigs WHERE prefix = ?", prefix) !== undefined ||
      store.one("SELECT 1 AS yes FROM bead_prefixes WHERE prefix = ? AND top > 0", prefix) !== undefined
    );
  }

  async #note(name: string, what: "fetch" | "push", problem: string | undefined): Promise<void> {
    const { store, clock } = this.#options;
    const before = this.get(name);
    await store.commitSoon(() => {
      store.run(`UPDATE rigs SET ${what}_problem = ? WHERE name = ?`, problem ?? null, name);
      if (what === "fetch" && problem === undefined) {
        store.run("UPDATE rigs SET fetched_at = ? WHERE name = ?", clock.now(), name);
      }
    });
    const was = what === "fetch" ? before.fetchProblem : before.pushProblem;
    if (was !== problem)
      this.#tell(
        name,
        problem === undefined ? `${what}ed` : `${what}-failed`,
        problem === undefined ? {} : { problem },
      );
  }

  #tell(id: string, kind: string, data: Readonly<Record<string, unknown>>): void {
    const { events, clock, log } = this.#options;
    try {
      events.emit("changed", { noun: "rigs", id, kind, at: clock.now(), data });
    } catch (error) {
      log.error({ rig: id, error: messageOf(error) }, "a change of a rig could not be told");
    }
  }
}
