import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Events, silentLog } from "@barnacle/protocol/runtime";
import { type TestBeads, testBeads } from "../beads/testing.ts";
import type { Store } from "../store/index.ts";
import type { TownBase, TownChange, TownEvents } from "../town/part.ts";
import { Workspaces } from "../workspaces/index.ts";
import { type Submissions, Worktrees } from "../worktrees/index.ts";
import { Rigs } from "./rigs.ts";

interface Teardown {
  teardown(fn: () => unknown): void;
}

/** A person's git, whatever the machine's configuration says. */
export const GIT_ENV: Readonly<Record<string, string>> = {
  ...{ PATH: process.env.PATH ?? "", HOME: "/nonexistent", LC_ALL: "C" },
  ...{ GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  ...{ GIT_AUTHOR_NAME: "Anna", GIT_AUTHOR_EMAIL: "anna@example.org" },
  ...{ GIT_COMMITTER_NAME: "Anna", GIT_COMMITTER_EMAIL: "anna@example.org" },
};

/** Runs git as a person would, and gives what it prints. */
export function git(cwd: string, ...args: string[]): string {
  return execFileSync("git", ["-c", "init.defaultBranch=main", ...args], {
    ...{ cwd, env: GIT_ENV, encoding: "utf8" },
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

/** Writes files and commits them; gives the commit. */
export function commit(cwd: string, message: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(cwd, name)), { recursive: true });
    writeFileSync(path.join(cwd, name), text);
  }
  git(cwd, "add", "--all");
  git(cwd, "commit", "--quiet", "--allow-empty", "-m", message);
  return git(cwd, "rev-parse", "HEAD");
}

/** A repository that others push to, with one commit on `main`, and a clone of it to work in. */
export function originIn(directory: string, name = "origin"): { readonly bare: string; readonly clone: string } {
  const [bare, clone] = [path.join(directory, `${name}.git`), path.join(directory, `${name}-clone`)];
  mkdirSync(directory, { recursive: true });
  git(directory, "init", "--quiet", "--bare", bare);
  git(directory, "clone", "--quiet", bare, clone);
  commit(clone, "first", { "README.md": "one\n", "src/a.txt": "a\n" });
  git(clone, "push", "--quiet", "origin", "main");
  return { bare, clone };
}

export interface TestRigs extends TestBeads {
  readonly base: TownBase;
  readonly workspaces: Workspaces;
  readonly rigs: Rigs;
  readonly worktrees: Worktrees;
  readonly directory: string;
  readonly workspace: string;
  readonly changes: TownChange[];
  readonly origin: { readonly bare: string; readonly clone: string };
}

/** Rigs on a store of their own, with a workspace and an origin; nothing is added yet. */
export async function testRigs(
  t: Teardown,
  options: { readonly submissions?: Submissions; readonly store?: Store } = {},
): Promise<TestRigs> {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), "barnacle-rigs-")));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const made = await testBeads(t, options.store === undefined ? {} : { store: options.store });
  const { store, beads, clock, random } = made;
  const events = new Events<TownEvents>();
  const changes: TownChange[] = [];
  events.on("changed", (change) => changes.push(change));
  const base: TownBase = { ...{ store, beads, clock, random, events }, log: silentLog };
  const workspaces = new Workspaces(base);
  const rigs = new Rigs({ ...base, workspaces, env: GIT_ENV });
  const worktrees = new Worktrees({ ...base, rigs, submissions: () => options.submissions });
  await rigs.start();
  await worktrees.start();
  t.teardown(async () => {
    await worktrees.stop();
    await rigs.stop();
  });
  const workspace = path.join(directory, "town");
  await workspaces.init("anna", { path: workspace });
  const origin = originIn(directory);
  return { ...made, ...{ base, workspaces, rigs, worktrees, directory, workspace, changes, origin } };
}
