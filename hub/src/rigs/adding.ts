import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { Row, Store } from "../store/index.ts";
import { forgetWorktrees } from "../worktrees/table.ts";
import { dropCredential } from "./credentials.ts";
import type { Git } from "./git.ts";
import { type HookProgram, writeHooks } from "./hook-scripts.ts";
import { makeMirror } from "./mirror.ts";

/** A rig on its way in: its row is written before anything is fetched. */
export interface Planned {
  readonly name: string;
  /** Of the workspace. */
  readonly root: string;
  readonly prefix: string;
  readonly url: string;
  readonly branch?: string | undefined;
  readonly token: string;
}

export interface AddingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly hookProgram?: HookProgram | undefined;
}

export const HOOKS = "hooks";
const RIG_FILE = "rig.json";
const HALF = `SELECT rigs.*, workspaces.path AS root FROM rigs JOIN workspaces ON workspaces.name = rigs.workspace
  WHERE state IN ('adding', 'removing')`;

/**
 * Adding in four steps: a row in the state `adding`; everything made in a directory of its own; that directory renamed; the row
 * made `active`. Wherever a crash comes, `sweep` finds either the renamed directory, and completes the row, or none, and
 * removes both.
 */
export class Adding {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Rows that this process works on itself. */
  readonly #mine = new Set<string>();

  readonly #program: HookProgram | undefined;

  constructor({ store, clock, log, hookProgram }: AddingOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#program = hookProgram;
  }

  /** @returns the default branch @throws what `makeMirror` throws, CONFLICT (the directory is taken), STATE_UNWRITABLE */
  async make(planned: Planned, git: Git): Promise<string> {
    const { token, name, root } = planned;
    const temporary = temporaryOf(root, token);
    this.#mine.add(token);
    try {
      const target = path.join(root, name);
      refuseTaken(target);
      mkdirSync(temporary, { mode: 0o755 });
      const hooks = path.join(target, HOOKS);
      const branch = await makeMirror(git.at(temporary), temporary, { ...planned, hooks });
      if (this.#program) writeHooks(path.join(temporary, HOOKS), this.#store.stateDir, this.#program);
      this.#writeFile(temporary, planned, branch);
      refuseTaken(target);
      renameSync(temporary, target);
      flushDirectory(root);
      await this.#store.commit(() => this.#complete(name, branch));
      return branch;
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      dropCredential(this.#store.stateDir, name);
      await this.#store.commit(() => this.#store.run("DELETE FROM rigs WHERE token = ? AND state = 'adding'", token));
      throw asNamed(error, temporary);
    } finally {
      this.#mine.delete(token);
    }
  }

  /** Forgets a rig; with `files` its directory goes too, renamed first, so that a crash leaves nothing that looks like one. */
  async remove(name: string, files: boolean): Promise<void> {
    const store = this.#store;
    if (!files) {
      await store.commit(() => {
        forgetWorktrees(store, name);
        store.run("DELETE FROM rigs WHERE name = ?", name);
      });
      return;
    }
    const token = `gone-${name}-${this.#clock.now().toString(36)}`;
    this.#mine.add(token);
    try {
      await store.commit(() => store.run("UPDATE rigs SET state = 'removing', token = ? WHERE name = ?", token, name));
      const row = store.one(`${HALF} AND rigs.name = ?`, name);
      if (row) await this.#swept(row);
    } finally {
      this.#mine.delete(token);
    }
  }

  /** Completes or undoes what a crash left. @returns names of rigs that are whole now, and of those that are gone */
  async sweep(): Promise<{ readonly whole: string[]; readonly gone: string[] }> {
    const rows = this.#store.all(HALF);
    const whole: string[] = [];
    const gone: string[] = [];
    for (const row of rows) {
      if (this.#mine.has(String(row.token))) continue;
      (await this.#swept(row)) ? whole.push(String(row.name)) : gone.push(String(row.name));
    }
    if (rows.length > 0) this.#log.info({ whole, gone }, "rigs that a crash left half-way");
    return { whole, gone };
  }

  async #swept(row: Row): Promise<boolean> {
    const [name, root, token] = [String(row.name), String(row.root), String(row.token)];
    const temporary = temporaryOf(root, token);
    if (row.state === "adding") {
      const file = readRigFile(path.join(root, name));
      if (file?.token === token) {
        await this.#store.commit(() => this.#complete(name, file.default_branch));
        return true;
      }
    } else if (existsSync(path.join(root, name))) {
      renameSync(path.join(root, name), temporary);
      flushDirectory(root);
    }
    await rm(temporary, { recursive: true, force: true });
    dropCredential(this.#store.stateDir, name);
    await this.#store.commit(() => {
      forgetWorktrees(this.#store, name);
      this.#store.run("DELETE FROM rigs WHERE token = ?", token);
    });
    return false;
  }

  #complete(name: string, branch: string): void {
    this.#store.run(
      "UPDATE rigs SET state = 'active', token = NULL, default_branch = ?, fetched_at = ? WHERE name = ?",
      ...[branch, this.#clock.now(), name],
    );
  }

  #writeFile(directory: string, { name, url, prefix, token }: Planned, branch: string): void {
    const record = {
      ...{ type: "rig", version: 1, name, git_url: url, default_branch: branch },
      ...{ created_at: new Date(this.#clock.now()).toISOString(), beads: { prefix }, token },
    };
    const handle = openSync(path.join(directory, RIG_FILE), "wx", 0o644);
    try {
      writeSync(handle, `${JSON.stringify(record, undefined, 2)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    flushDirectory(directory);
  }
}

export function temporaryOf(root: string, token: string): string {
  return path.join(root, `.barnacle-${token}`);
}

function readRigFile(directory: string): { readonly token: string; readonly default_branch: string } | undefined {
  try {
    return JSON.parse(readFileSync(path.join(directory, RIG_FILE), "utf8"));
  } catch {
    return undefined;
  }
}

function refuseTaken(target: string): void {
  if (!existsSync(target)) return;
  throw new BarnacleError("CONFLICT", `${target} is there already`, {
    hint: "Move it away, or choose another name for the rig.",
  });
}

function flushDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function asNamed(error: unknown, directory: string): unknown {
  if (error instanceof BarnacleError) return error;
  return new BarnacleError("STATE_UNWRITABLE", `${directory} cannot be made: ${messageOf(error)}`, { cause: error });
}
