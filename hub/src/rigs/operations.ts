import type { Operations, TownCall, TownReading } from "../town/operations.ts";
import { lookingGit } from "./looking.ts";
import { standing } from "./mirror.ts";
import type { NewRig } from "./rigs.ts";
import { SETTING_KEYS } from "./settings.ts";
import { listRigs, needRig, type Rig, type RigState } from "./table.ts";

/** A rig as lists have it. */
export interface ListedRig {
  readonly name: string;
  readonly workspace: string;
  readonly beads_prefix: string;
  readonly status: RigState;
  readonly url: string;
  readonly default_branch: string;
  readonly path: string;
  readonly polecats: number;
  readonly crew: number;
  readonly added_at: string;
  readonly added_by: string;
  readonly fetched_at?: string;
  readonly fetch_problem?: string;
  readonly push_problem?: string;
}

interface Named {
  readonly name: string;
}

function listed({ sql }: TownReading, rig: Rig): ListedRig {
  const count = (kind: string) =>
    Number(sql.one("SELECT count(*) AS n FROM worktrees WHERE rig = ? AND kind = ?", rig.name, kind)?.n);
  const { fetchedAt, fetchProblem, pushProblem } = rig;
  return {
    ...{ name: rig.name, workspace: rig.workspace, beads_prefix: rig.prefix, status: rig.state, url: rig.url },
    ...{ default_branch: rig.defaultBranch, path: rig.directory, polecats: count("polecat"), crew: count("crew") },
    ...{ added_at: new Date(rig.addedAt).toISOString(), added_by: rig.addedBy },
    ...(fetchedAt === undefined ? {} : { fetched_at: new Date(fetchedAt).toISOString() }),
    ...(fetchProblem === undefined ? {} : { fetch_problem: fetchProblem }),
    ...(pushProblem === undefined ? {} : { push_problem: pushProblem }),
  };
}

function shown(reading: TownReading, rig: Rig) {
  const { repo, mergeQueue, hooks, push } = rig;
  const settings = { merge_queue: mergeQueue, hooks, push };
  return { ...listed(reading, rig), repository: repo, beads: { prefix: rig.prefix }, settings };
}

const afterwards = ({ town }: TownCall, rig: Rig) => shown(town.reading(), rig);

export const READS = {
  list: (reading: TownReading, { workspace }: { readonly workspace?: string }) =>
    listRigs(reading.sql, workspace).map((rig) => listed(reading, rig)),
  show: (reading: TownReading, { name }: Named) => shown(reading, needRig(reading.sql, name)),
  /** Asks git: how the default branch stands to the origin's, as it was at the last fetch. */
  status: async (reading: TownReading, { name }: Named) => {
    const rig = needRig(reading.sql, name);
    const git = lookingGit(rig);
    const head = await git.commitOf(`refs/heads/${rig.defaultBranch}`);
    const { ahead, behind } = (await standing(git, rig.defaultBranch)) ?? { ahead: 0, behind: 0 };
    return { ...listed(reading, rig), head: head ?? null, ahead, behind };
  },
  /** Every setting with its value, and whether it was set. */
  config: ({ sql }: TownReading, { name }: Named) => {
    const { set, mergeQueue, hooks, push } = needRig(sql, name);
    const all: Record<string, unknown> = { push };
    for (const [key, value] of Object.entries(mergeQueue)) all[`merge_queue.${key}`] = value;
    for (const [key, value] of Object.entries(hooks)) all[`hooks.${key}`] = value;
    return [...SETTING_KEYS.keys()].map((key) => ({ key, value: all[key], set: Object.hasOwn(set, key) }));
  },
} satisfies Operations["READS"];

const state = (word: RigState) => ({
  alone: true,
  run: async (call: TownCall, { name }: Named) => afterwards(call, await call.town.rigs.setState(call.who, name, word)),
});

export const WRITES = {
  add: {
    alone: true,
    run: async (call: TownCall, given: NewRig) => afterwards(call, await call.town.rigs.add(call.who, given)),
  },
  remove: {
    alone: true,
    run: async (
      { town, who }: TownCall,
      { name, files, force }: Named & { readonly files?: boolean; readonly force?: boolean },
    ) => {
      const rescued = files ? await town.worktrees.removeAll(name, { force: force ?? false, who }) : [];
      const { directory, bundle } = await town.rigs.remove(who, name, { files: files ?? false, force: force ?? false });
      return { removed: name, path: directory, files: files ? "deleted" : "kept", rescued, bundle: bundle ?? null };
    },
  },
  park: state("parked"),
  unpark: state("active"),
  dock: state("docked"),
  undock: state("active"),
  fetch: { alone: true, run: ({ town }: TownCall, { name }: Named) => town.rigs.refresh(name) },
  push: {
    alone: true,
    run: ({ town }: TownCall, { name, branch }: Named & { readonly branch?: string }) =>
      town.rigs.push(name, branch ?? town.rigs.get(name).defaultBranch),
  },
  set: {
    alone: true,
    run: async (call: TownCall, { name, key, value }: Named & { readonly key: string; readonly value: unknown }) =>
      afterwards(call, await call.town.rigs.configure(call.who, name, key, value)),
  },
  unset: {
    alone: true,
    run: async (call: TownCall, { name, key }: Named & { readonly key: string }) =>
      afterwards(call, await call.town.rigs.configure(call.who, name, key, undefined)),
  },
} satisfies Operations["WRITES"];
