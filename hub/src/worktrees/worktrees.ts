import { rm } from "node:fs/promises";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { Git, Rig, Rigs } from "../rigs/index.ts";
import type { TownBase } from "../town/part.ts";
import { branchFor, type WorktreeAddress, worktreeAddress } from "./address.ts";
import { baseOf, checkout, freeBranch } from "./branches.ts";
import { addGitEvent, type GitEvent } from "./git-events.ts";
import { judgeRow, type Submissions } from "./looking.ts";
import { busyError, dirtyError, lostError, whyLost } from "./lost.ts";
import { rescue } from "./rescue.ts";
import { findWorktree, listWorktrees, needWorktree, type WorktreeRow } from "./table.ts";
import type { WorktreeVerdict } from "./verdict.ts";

export interface WorktreesOptions extends TownBase {
  readonly rigs: Rigs;
  /** Asked late. */
  readonly submissions?: (() => Submissions | undefined) | undefined;
  /** The origin is asked again for a new job when it was not within so long; default a minute. */
  readonly freshMs?: number | undefined;
}

export interface Acquire {
  readonly rig: string;
  /** An address: `gastown/polecats/toast`. */
  readonly agent: string;
  /** Crew may have a worktree without a job. */
  readonly bead?: string | undefined;
  /** A branch or commit to begin at. Default: the rig's default branch. */
  readonly base?: string | undefined;
}

export interface Acquired {
  readonly path: string;
  /** Empty for a refinery: it checks out what it merges. */
  readonly branch: string;
  /** The same job goes on in it. */
  readonly resumed: boolean;
}

export interface Removed {
  readonly agent: string;
  readonly path: string;
  /** Branches of the mirror that hold what was saved. */
  readonly rescued: readonly string[];
  /** The branch that was checked out; it stays in the mirror. */
  readonly branch: string | undefined;
}

const FRESH_MS = 60_000;

/** Each agent's own directory of a rig, kept between its jobs. */
export class Worktrees implements Unit {
  readonly #options: WorktreesOptions;
  #swept: Promise<unknown> | undefined;

  constructor(options: WorktreesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#ready();
  }

  async stop(): Promise<void> {
    this.#swept = undefined;
  }

  list(rig?: string): WorktreeRow[] {
    return listWorktrees(this.#options.store, rig);
  }

  find(agent: string): WorktreeRow | undefined {
    return findWorktree(this.#options.store, agent);
  }

  /** @throws WORKTREE_UNKNOWN */
  path(agent: string): string {
    return needWorktree(this.#options.store, agent).path;
  }

  /**
   * The agent's worktree for a job: made when there is none, else put on a new branch, which needs it to be clean. Asked again
   * for the same bead it is given as it is.
   * @throws WORKTREE_BUSY (another job), WORKTREE_DIRTY, WORKTREE_LOST, RIG_UNKNOWN, RIG_REFUSED (parked), GIT_FAILED
   */
  async acquire(who: string, { rig: name, agent, bead, base }: Acquire): Promise<Acquired> {
    await this.#ready();
    const { rigs } = this.#options;
    const address = worktreeAddress(agent);
    if (bead === undefined && address.kind !== "crew")
      throw new BarnacleError("INPUT_INVALID", "bead: expected the job");
    if (address.rig !== name) throw new BarnacleError("INPUT_INVALID", `${agent} does not belong to the rig ${name}`);
    if (this.#isNew(agent, bead)) await this.#refresh(rigs.get(name));
    return rigs.lanes.run(name, async () => {
      const rig = rigs.get(name);
      const row = this.find(agent);
      if (row?.inUse && row.bead !== bead) {
        throw busyError(row);
      }
      if (!row) {
        refuseResting(rig);
        return this.#make(who, rig, address, bead, base);
      }
      const git = this.#gitIn(row);
      if (row.inUse) return this.#resume(git, row);
      refuseResting(rig);
      return this.#reuse(who, rig, address, row, git, bead, base);
    });
  }

  /** The job is over. A clean worker's worktree leaves its branch, so that the branch can be merged and deleted. */
  async release(agent: string): Promise<WorktreeVerdict> {
    await this.#ready();
    const { store, rigs, clock } = this.#options;
    const { rig } = needWorktree(store, agent);
    return rigs.lanes.run(rig, async () => {
      const row = needWorktree(store, agent);
      const git = this.#gitIn(row);
      const verdict = await this.#judge(row, git);
      const leaves = row.kind !== "crew" && verdict.cleanup_status === "clean";
      if (leaves) await git.run(["checkout", "--quiet", "--detach", `refs/heads/${rigs.get(rig).defaultBranch}`]);
      await store.commit(() =>
        store.run(
          `UPDATE worktrees SET in_use = 0, bead = NULL, released_at = ?, branch = ${leaves ? "NULL" : "branch"} WHERE agent = ?`,
          ...[clock.now(), agent],
        ),
      );
      this.#tell(agent, "released", { verdict: verdict.verdict });
      return verdict;
    });
  }

  /** @throws WORKTREE_UNKNOWN, WORKTREE_LOST */
  async verdict(agent: string): Promise<WorktreeVerdict> {
    const row = needWorktree(this.#options.store, agent);
    return this.#judge(row, this.#gitIn(row));
  }

  /**
   * Removes a worktree; its branch stays in the mirror. With `force` what only it has is saved on rescue branches first.
   * @throws WORKTREE_BUSY, WORKTREE_DIRTY (without `force`), WORKTREE_LOST (without `force`), GIT_FAILED
   */
  async remove(
    agent: string,
    { force = false, who }: { readonly force?: boolean; readonly who?: string } = {},
  ): Promise<Removed> {
    await this.#ready();
    const { store, rigs, clock } = this.#options;
    const { rig } = needWorktree(store, agent);
    return rigs.lanes.run(rig, async () => {
      const row = needWorktree(store, agent);
      const lost = whyLost(row.path);
      if (lost !== undefined && !force) throw lostError(row, lost);
      if (row.inUse && !force) {
        throw busyError(row);
      }
      const rescued: string[] = [];
      let { branch } = row;
      if (lost === undefined) {
        const git = this.#gitIn(row);
        const verdict = await this.#judge(row, git);
        if (verdict.verdict !== "SAFE_TO_NUKE" && !force) throw dirtyError(row, verdict);
        rescued.push(...(await rescue(git, worktreeAddress(agent), verdict, clock.now())));
        ({ branch } = verdict);
      }
      await store.commit(() => store.run("UPDATE worktrees SET state = 'removing' WHERE agent = ?", agent));
      await this.#drop(row);
      this.#tell(agent, "removed", { rescued, ...(who === undefined ? {} : { who }) });
      return { agent, path: row.path, rescued, branch };
    });
  }

  /** What a git hook told; kept, and told on. */
  async hooked(event: Omit<GitEvent, "seq" | "at">): Promise<void> {
    const { store, clock } = this.#options;
    await store.commitSoon(() => addGitEvent(store, { ...event, at: clock.now() }));
    this.#tell(event.agent ?? event.rig, event.hook, { rig: event.rig, ...event.body });
  }

  /**
   * Removes all worktrees of a rig, or refuses before the first.
   * @returns the rescue branches @throws WORKTREE_BUSY, WORKTREE_DIRTY, WORKTREE_LOST unless forced
   */
  async removeAll(rig: string, options: { readonly force: boolean; readonly who: string }): Promise<string[]> {
    const rows = this.list(rig);
    if (!options.force) {
      for (const row of rows) {
        if (row.inUse) throw busyError(row);
        const verdict = await this.verdict(row.agent);
        if (verdict.verdict !== "SAFE_TO_NUKE") throw dirtyError(row, verdict);
      }
    }
    const rescued: string[] = [];
    for (const { agent } of rows) rescued.push(...(await this.remove(agent, options)).rescued);
    return rescued;
  }

  async #make(
    who: string,
    rig: Rig,
    address: WorktreeAddress,
    bead: string | undefined,
    base: string | undefined,
  ): Promise<Acquired> {
    const { store, rigs, clock } = this.#options;
    const { agent, kind, name } = address;
    const git = rigs.git(rig.name);
    const begin = await baseOf(git, rig, base);
    const branch = kind === "refinery" ? "" : await freeBranch(git, branchFor(address, bead ?? "", clock.now()));
    const directory = directoryOf(rig, address);
    await store.commit(() =>
      store.run(
        `INSERT INTO worktrees (agent, rig, kind, path, state, branch, base, bead, in_use, created_at, acquired_at)
         VALUES (?, ?, ?, ?, 'making', ?, ?, ?, ?, ?, ?)`,
        ...[
          agent,
          rig.name,
          kind,
          directory,
          branch || null,
          begin,
          bead ?? null,
          bead === undefined ? 0 : 1,
          clock.now(),
          clock.now(),
        ],
      ),
    );
    try {
      const kept = kind === "crew" && (await git.commitOf(`refs/heads/${branch}`)) !== undefined;
      const how = branch === "" ? ["--detach"] : kept ? [] : ["--no-track", "-b", branch];
      await git.run(["worktree", "add", "--quiet", ...how, "--", directory, kept ? branch : begin]);
      if (kind !== "crew") {
        const own = git.at(directory);
        await own.run(["config", "--worktree", "user.name", agent]);
        await own.run(["config", "--worktree", "user.email", `${name}@${rig.name}.barnacle.invalid`]);
      }
    } catch (error) {
      await this.#drop(needWorktree(store, agent));
      throw error;
    }
    await store.commit(() => store.run("UPDATE worktrees SET state = 'ready' WHERE agent = ?", agent));
    this.#tell(agent, "acquired", { who, bead, branch });
    return { path: directory, branch, resumed: false };
  }

  async #reuse(
    who: string,
    rig: Rig,
    address: WorktreeAddress,
    row: WorktreeRow,
    git: Git,
    bead: string | undefined,
    base: string | undefined,
  ): Promise<Acquired> {
    const { store, clock } = this.#options;
    const { agent, kind } = address;
    let { branch, base: begin } = row;
    if (kind !== "crew") {
      const verdict = await this.#judge(row, git);
      if (verdict.cleanup_status !== "clean") throw dirtyError(row, verdict);
      begin = await baseOf(git, rig, base);
      branch = kind === "refinery" ? undefined : await freeBranch(git, branchFor(address, bead ?? "", clock.now()));
    }
    // The row first: a crash in between is put right when the job is asked for again.
    const set = (next: WorktreeRow["branch"], from: WorktreeRow["base"], used: boolean) =>
      store.commit(() =>
        store.run(
          "UPDATE worktrees SET branch = ?, base = ?, bead = ?, in_use = ?, acquired_at = ? WHERE agent = ?",
          ...[
            next ?? null,
            from ?? null,
            used ? (bead ?? null) : null,
            used && bead !== undefined ? 1 : 0,
            clock.now(),
            agent,
          ],
        ),
      );
    await set(branch, begin, true);
    try {
      if (kind !== "crew") await checkout(git, branch, begin ?? "HEAD");
    } catch (error) {
      await set(row.branch, row.base, false);
      throw error;
    }
    this.#tell(agent, "acquired", { who, bead, branch: branch ?? "" });
    return { path: row.path, branch: branch ?? "", resumed: false };
  }

  /** As the agent left it; only a branch that a crash kept from being made is made. */
  async #resume(git: Git, row: WorktreeRow): Promise<Acquired> {
    const { branch, base } = row;
    if (row.kind === "polecat" && branch !== undefined && base !== undefined) {
      const there = await git.commitOf(`refs/heads/${branch}`);
      if (there === undefined) await checkout(git, branch, base);
    }
    return { path: row.path, branch: branch ?? "", resumed: true };
  }

  #judge(row: WorktreeRow, git: Git): Promise<WorktreeVerdict> {
    const { store, submissions } = this.#options;
    return judgeRow(store, row, git, submissions?.());
  }

  /** @throws WORKTREE_LOST */
  #gitIn(row: WorktreeRow): Git {
    const lost = whyLost(row.path);
    if (lost !== undefined) throw lostError(row, lost);
    return this.#options.rigs.git(row.rig).at(row.path);
  }

  /** Directory, git's record of it and ours. */
  async #drop({ agent, rig, path: directory }: WorktreeRow): Promise<void> {
    const { store, rigs } = this.#options;
    const remove = () =>
      rigs.git(rig).run(["worktree", "remove", "--force", "--force", "--", directory], { codes: [0, 128] });
    await remove();
    await rm(directory, { recursive: true, force: true });
    // Never pruned: git would forget worktrees, too, whose directories somebody moved for a while.
    await remove();
    await store.commit(() => store.run("DELETE FROM worktrees WHERE agent = ?", agent));
  }

  #isNew(agent: string, bead: string | undefined): boolean {
    const row = this.find(agent);
    return !row?.inUse || row.bead !== bead;
  }

  async #refresh({ name, fetchedAt }: Rig): Promise<void> {
    const { clock, rigs, log, freshMs = FRESH_MS } = this.#options;
    if (fetchedAt !== undefined && clock.now() - fetchedAt < freshMs) return;
    const { problem } = await rigs.refresh(name);
    if (problem !== undefined)
      log.warn({ rig: name, problem }, "the origin could not be asked; work begins at what is here");
  }

  /** What a crash left half-made or half-removed was nobody's yet, or nobody's any more. */
  #ready(): Promise<unknown> {
    this.#swept ??= this.#sweep().catch((error: unknown) => {
      this.#swept = undefined;
      throw error;
    });
    return this.#swept;
  }

  async #sweep(): Promise<void> {
    const { store, rigs, log } = this.#options;
    for (const row of listWorktrees(store).filter(({ state }) => state !== "ready")) {
      if (!rigs.find(row.rig)) continue;
      await rigs.lanes.run(row.rig, () => this.#drop(row));
      log.info({ agent: row.agent, state: row.state }, "a worktree that a crash left half-way is gone");
    }
  }

  #tell(id: string, kind: string, data: Readonly<Record<string, unknown>>): void {
    const { events, clock, log } = this.#options;
    try {
      events.emit("changed", { noun: "worktrees", id, kind, at: clock.now(), data });
    } catch (error) {
      log.error({ agent: id, error: messageOf(error) }, "a change of a worktree could not be told");
    }
  }
}

export function directoryOf(rig: Rig, { kind, name }: WorktreeAddress): string {
  if (kind === "refinery") return path.join(rig.directory, "refinery");
  return path.join(rig.directory, kind === "crew" ? "crew" : "polecats", name);
}

function refuseResting({ name, state }: Rig): void {
  if (state === "active") return;
  throw new BarnacleError("RIG_REFUSED", `the rig ${name} is ${state}`, {
    hint: `Take it up again: barnacle rig ${state === "parked" ? "unpark" : "undock"} ${name}`,
  });
}
