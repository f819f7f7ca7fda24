import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Events, type FakeClock, silentLog, systemClock } from "@barnacle/protocol/runtime";
import { type TestBeads, testBeads } from "../beads/testing.ts";
import { advance, Git } from "../rigs/index.ts";
import { GIT_ENV, git } from "../rigs/testing.ts";
import type { TownChange, TownEvents } from "../town/part.ts";
import type { RefineryMail, RefineryRig, RefineryRigs } from "./ports.ts";
import { Refinery, type RefineryOptions } from "./refinery.ts";

/** A rig of real git: an origin, and the bare mirror that workers' branches lie in. */
export class TestRig implements RefineryRig {
  readonly name: string;
  readonly prefix: string;
  readonly directory: string;
  readonly repo: string;
  readonly origin: string;
  readonly defaultBranch = "main";
  state: RefineryRig["state"] = "active";
  mergeQueue: Record<string, unknown>;
  #made = 0;

  constructor(root: string, name = "garden", mergeQueue: Record<string, unknown> = {}) {
    this.name = name;
    this.prefix = name.slice(0, 2);
    this.directory = path.join(root, name);
    this.repo = path.join(this.directory, "repo.git");
    this.origin = path.join(root, `${name}-origin.git`);
    this.mergeQueue = { batch_wait: "0s", ...mergeQueue };
  }

  /** Files by name, the first commit of `main`. */
  make(files: Readonly<Record<string, string>> = { "a.txt": "a\n" }): void {
    mkdirSync(this.directory, { recursive: true });
    git(this.directory, "init", "-q", "--bare", "-b", "main", this.origin);
    git(this.directory, "init", "-q", "--bare", "-b", "main", this.repo);
    git(this.repo, "remote", "add", "origin", this.origin);
    git(this.repo, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
    const first = this.commit(undefined, files, "first");
    git(this.repo, "update-ref", "refs/heads/main", first);
    git(this.repo, "push", "-q", "origin", "main");
  }

  /** A commit on top of another; null removes a file. */
  commit(on: string | undefined, files: Readonly<Record<string, string | null>>, message: string): string {
    const dir = path.join(this.directory, `scratch-${this.#made++}`);
    // The first of all stands on nothing: an empty commit is made for the worktree to show.
    const from =
      on ??
      git(this.repo, "commit-tree", "-m", "nothing", git(this.repo, "hash-object", "-t", "tree", "-w", "/dev/null"));
    git(this.repo, "worktree", "add", "-q", "--detach", dir, from);
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(dir, name);
      mkdirSync(path.dirname(file), { recursive: true });
      if (text === null) rmSync(file);
      else writeFileSync(file, text);
    }
    git(dir, "add", "-A");
    git(dir, "commit", "-q", "-m", message);
    const commit = git(dir, "rev-parse", "HEAD");
    git(this.repo, "worktree", "remove", "--force", dir);
    return commit;
  }

  /** A branch of a worker, one commit on top of `on`. */
  branch(name: string, files: Readonly<Record<string, string | null>>, on = "main"): string {
    const commit = this.commit(on, files, `${name}: work`);
    git(this.repo, "update-ref", `refs/heads/${name}`, commit);
    return commit;
  }

  /** What somebody else pushes to the origin. */
  pushed(files: Readonly<Record<string, string | null>>, branch = "main"): string {
    git(this.repo, "fetch", "-q", "origin", branch);
    const commit = this.commit("FETCH_HEAD", files, "somebody else's");
    git(this.repo, "push", "-q", "origin", `${commit}:refs/heads/${branch}`);
    return commit;
  }

  /** Of the origin's branch, the oldest first, without those that the rig began with. */
  subjects(branch = "main"): string[] {
    return git(this.origin, "log", "--topo-order", "--reverse", "--format=%s", branch).split("\n").slice(2);
  }

  files(branch = "main"): string[] {
    return git(this.origin, "ls-tree", "-r", "--name-only", branch).split("\n");
  }

  tip(branch = "main", repo = this.origin): string | undefined {
    try {
      return git(repo, "rev-parse", "--verify", "-q", `refs/heads/${branch}`);
    } catch {
      return undefined;
    }
  }
}

/** One rig and no other, with real git. */
export function rigPort(rig: TestRig): RefineryRigs {
  const runner = new Git({ cwd: rig.repo, clock: systemClock, env: GIT_ENV });
  return {
    find: (name) => (name === rig.name ? rig : undefined),
    git: () => runner,
    turn: (_name, work) => work(),
    advance: (_name, ...move) => advance(runner, ...move),
  };
}

export interface TestRefinery extends TestBeads {
  readonly rig: TestRig;
  readonly refinery: Refinery;
  readonly clock: FakeClock;
  readonly mail: RefineryMail[];
  readonly changes: TownChange[];
  /** A branch with these files, its source bead, and its request. */
  submit(
    name: string,
    files: Readonly<Record<string, string | null>>,
    more?: object,
  ): Promise<{ id: string; bead: string }>;
}

/** A refinery over one rig of real git. */
export async function testRefinery(
  t: { testdir(): string; teardown(fn: () => unknown): void },
  options: {
    settings?: Record<string, unknown>;
    files?: Record<string, string>;
    started?: boolean;
  } & Partial<RefineryOptions> = {},
): Promise<TestRefinery> {
  const made = await testBeads(t);
  const { settings = {}, files, started = true, ...rest } = options;
  const rig = new TestRig(t.testdir(), "garden", settings);
  rig.make(files);
  const events = new Events<TownEvents>();
  const changes: TownChange[] = [];
  events.on("changed", (change) => changes.push(change));
  const mail: RefineryMail[] = [];
  const { beads, store, clock } = made;
  const refinery = new Refinery({
    ...{ store, beads, clock, log: silentLog, events, env: { PATH: process.env.PATH, HOME: "/nonexistent" } },
    rigs: rigPort(rig),
    post: (_writer, one) => mail.push(one),
    ...rest,
  });
  if (started) await refinery.start();
  t.teardown(() => refinery.stop());
  const submit: TestRefinery["submit"] = async (name, changed, more = {}) => {
    const bead = await made.add({ title: name });
    rig.branch(name, changed);
    const worker = `garden/polecats/${name}`;
    const { id } = await refinery.submit(worker, { rig: "garden", branch: name, bead, worker, ...more });
    return { id, bead };
  };
  return { ...made, rig, refinery, mail, changes, submit };
}
