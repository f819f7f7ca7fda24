import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";
import { type HookSettings, type MergeQueueSettings, type SetSettings, settingsOf } from "./settings.ts";

/** `parked`: no new work for now; `docked`: put away until somebody takes it out again. */
export type RigState = "active" | "parked" | "docked";

/** A repository under management. */
export interface Rig {
  readonly name: string;
  readonly workspace: string;
  /** Of its beads' ids. */
  readonly prefix: string;
  /** Of the origin: a path or an address, never with a secret. */
  readonly url: string;
  /** All of the rig; worktrees lie below it at their agents' addresses. */
  readonly directory: string;
  /** The bare mirror. */
  readonly repo: string;
  readonly defaultBranch: string;
  readonly state: RigState;
  readonly addedAt: number;
  readonly addedBy: string;
  readonly fetchedAt: number | undefined;
  /** Why the last fetch or push came to nothing; undefined when it went well. */
  readonly fetchProblem: string | undefined;
  readonly pushProblem: string | undefined;
  readonly mergeQueue: MergeQueueSettings;
  readonly hooks: HookSettings;
  /** `never`: what is merged stays in the mirror. */
  readonly push: "auto" | "never";
  /** What was set of the settings. */
  readonly set: SetSettings;
}

export const REPOSITORY = "repo.git";

const SELECT = `SELECT rigs.*, workspaces.path AS root FROM rigs JOIN workspaces ON workspaces.name = rigs.workspace
  WHERE state NOT IN ('adding', 'removing')`;

export function listRigs(sql: Sql, workspace?: string): Rig[] {
  return workspace === undefined
    ? sql.all(`${SELECT} ORDER BY rigs.name`).map(rigOf)
    : sql.all(`${SELECT} AND rigs.workspace = ? ORDER BY rigs.name`, workspace).map(rigOf);
}

export function findRig(sql: Sql, name: string): Rig | undefined {
  const row = sql.one(`${SELECT} AND rigs.name = ?`, name);
  return row && rigOf(row);
}

/** @throws RIG_UNKNOWN */
export function needRig(sql: Sql, name: string): Rig {
  const found = findRig(sql, name);
  if (found) return found;
  throw new BarnacleError("RIG_UNKNOWN", `no rig has the name ${name.slice(0, 60)}`);
}

export function rigByPrefix(sql: Sql, prefix: string): Rig | undefined {
  const row = sql.one(`${SELECT} AND rigs.prefix = ?`, prefix);
  return row && rigOf(row);
}

function rigOf(row: Row): Rig {
  const set = JSON.parse(String(row.settings)) as SetSettings;
  const { merge_queue, hooks, push } = settingsOf(set);
  const directory = path.join(String(row.root), String(row.name));
  return {
    ...{ name: String(row.name), workspace: String(row.workspace), prefix: String(row.prefix), url: String(row.url) },
    ...{ directory, repo: path.join(directory, REPOSITORY), defaultBranch: String(row.default_branch) },
    ...{ state: String(row.state) as RigState, addedAt: Number(row.added_at), addedBy: String(row.added_by) },
    fetchedAt: row.fetched_at === null ? undefined : Number(row.fetched_at),
    fetchProblem: row.fetch_problem === null ? undefined : String(row.fetch_problem),
    pushProblem: row.push_problem === null ? undefined : String(row.push_problem),
    ...{ mergeQueue: merge_queue, hooks, push, set },
  };
}
