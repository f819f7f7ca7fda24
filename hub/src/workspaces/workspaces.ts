import { accessSync, constants, mkdirSync, realpathSync } from "node:fs";
import path from "node:path";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { checkName } from "../rigs/names.ts";
import type { TownBase } from "../town/part.ts";
import { findWorkspace, listWorkspaces, type Workspace, workspaceAt } from "./table.ts";

export interface NewWorkspace {
  /** Absolute; made when it is missing. */
  readonly path: string;
  /** Default: the directory's name. */
  readonly name?: string | undefined;
}

export interface WhichWorkspace {
  readonly name?: string | undefined;
  /** Any directory below it. */
  readonly directory?: string | undefined;
}

/** Directories that hold rigs. The hub's store alone knows which; nothing is written into them to say so. */
export class Workspaces {
  readonly #base: Pick<TownBase, "store" | "clock" | "events">;

  constructor(base: Pick<TownBase, "store" | "clock" | "events">) {
    this.#base = base;
  }

  list(): Workspace[] {
    return listWorkspaces(this.#base.store);
  }

  /** @throws NOT_FOUND */
  get(name: string): Workspace {
    const found = findWorkspace(this.#base.store, name);
    if (found) return found;
    throw new BarnacleError("NOT_FOUND", `no workspace has the name ${name.slice(0, 60)}`, {
      hint: "List them with `barnacle workspace list`; make one with `barnacle workspace init DIRECTORY`.",
    });
  }

  /**
   * The one that is meant: by name, by a directory below it, or the only one.
   * @throws NOT_FOUND (none), INPUT_INVALID (several)
   */
  choose({ name, directory }: WhichWorkspace): Workspace {
    if (name !== undefined) return this.get(name);
    const around = directory === undefined ? undefined : workspaceAt(this.#base.store, directory);
    if (around) return around;
    const all = this.list();
    const [only] = all;
    if (only && all.length === 1) return only;
    if (!only) {
      throw new BarnacleError("NOT_FOUND", "there is no workspace yet", {
        hint: "Make one: barnacle workspace init DIRECTORY",
      });
    }
    throw new BarnacleError("INPUT_INVALID", `there are ${all.length} workspaces; expected one of them`, {
      hint: `Name one with --workspace: ${all.map((one) => one.name).join(", ")}`,
    });
  }

  /** @throws INPUT_INVALID, CONFLICT (name or directory taken, one inside another), STATE_UNWRITABLE */
  async init(who: string, { path: given, name }: NewWorkspace): Promise<Workspace> {
    const { store, clock, events } = this.#base;
    if (!path.isAbsolute(given)) throw new BarnacleError("INPUT_INVALID", "path: expected an absolute path");
    const directory = madeDirectory(given);
    const called = checkName(name ?? path.basename(directory), "workspace");
    const at = clock.now();
    const made = await store.commit(() => {
      for (const one of listWorkspaces(store)) {
        if (one.name === called) throw taken(`the workspace ${called} is there already, in ${one.path}`);
        if (one.path === directory) throw taken(`${directory} is the workspace ${one.name} already`);
        if (inside(one.path, directory) || inside(directory, one.path)) {
          throw taken(`${directory} and the workspace ${one.name} in ${one.path} lie in one another`);
        }
      }
      store.run(
        "INSERT INTO workspaces (name, path, created_at, created_by) VALUES (?, ?, ?, ?)",
        ...[called, directory, at, who],
      );
      return this.get(called);
    });
    events.emit("changed", { noun: "workspaces", id: called, kind: "created", at, data: { path: directory } });
    return made;
  }

  /** Forgets it; its directory stays as it is. @throws NOT_FOUND, RIG_REFUSED while it has rigs */
  async remove(who: string, name: string): Promise<Workspace> {
    const { store, clock, events } = this.#base;
    const gone = await store.commit(() => {
      const found = this.get(name);
      const rigs = store.all("SELECT name FROM rigs WHERE workspace = ? ORDER BY name", name);
      if (rigs.length > 0) {
        throw new BarnacleError("RIG_REFUSED", `${name} has rigs: ${rigs.map((rig) => rig.name).join(", ")}`, {
          hint: "Remove them first: barnacle rig remove NAME",
        });
      }
      store.run("DELETE FROM workspaces WHERE name = ?", name);
      return found;
    });
    events.emit("changed", { noun: "workspaces", id: name, kind: "removed", at: clock.now(), data: { who } });
    return gone;
  }
}

function madeDirectory(given: string): string {
  try {
    mkdirSync(given, { recursive: true });
    const directory = realpathSync(given);
    accessSync(directory, constants.W_OK);
    return directory;
  } catch (error) {
    throw new BarnacleError("STATE_UNWRITABLE", `the directory ${given} cannot be used: ${messageOf(error)}`, {
      cause: error,
      hint: "Choose a directory that the hub's user may write.",
    });
  }
}

function inside(outer: string, inner: string): boolean {
  return inner.startsWith(`${outer === "/" ? "" : outer}/`);
}

function taken(text: string): BarnacleError {
  return new BarnacleError("CONFLICT", text, { hint: "List them with `barnacle workspace list`." });
}
