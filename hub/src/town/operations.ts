import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadReads, Sql } from "../beads/index.ts";
import type { Principal } from "../services.ts";
import type { Noun, View } from "./nouns.ts";
import type { Town } from "./town.ts";

/** What questions are asked of: the hub's store, or its file opened for reading where no hub runs. */
export interface TownReading {
  readonly sql: Sql;
  readonly reads: BeadReads;
  readonly now: () => number;
  readonly stateDir: string;
}

/** Who wants something done. */
export interface TownCall {
  readonly town: Town;
  /** The address of an agent, the name of a person. */
  readonly who: string;
  /** Absent beside a stopped hub: who may write the state directory is its owner. */
  readonly principal?: Principal | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: each operation has parameters of its own; the method's schema checks them
export type TownRead = (reading: TownReading, params: any) => unknown;

export interface TownWrite {
  /** It can be done beside a stopped hub, under the store's lock. */
  readonly alone: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly run: (call: TownCall, params: any) => Promise<unknown>;
}

/** Of one noun: `hub/src/<noun>/operations.ts`. */
export interface Operations {
  readonly READS: Readonly<Record<string, TownRead>>;
  readonly WRITES: Readonly<Record<string, TownWrite>>;
}

/** Loaded one by one: a command line asks one question. */
const OPERATIONS: Partial<Record<Noun | View, () => Promise<Operations>>> = {
  convoys: () => import("../convoys/operations.ts"),
  workspaces: () => import("../workspaces/operations.ts"),
  rigs: () => import("../rigs/operations.ts"),
  worktrees: () => import("../worktrees/operations.ts"),
  formulas: () => import("../formulas/operations.ts"),
  scheduler: () => import("../scheduler/operations.ts"),
  escalations: () => import("../escalations/operations.ts"),
  witness: () => import("../witness/operations.ts"),
  mayor: () => import("../mayor/operations.ts"),
  supervisor: () => import("../supervisor/operations.ts"),
  estop: () => import("../estop/operations.ts"),
  mail: () => import("../mail/operations.ts"),
  nudges: () => import("../mail/nudge-operations.ts"),
  mergequeue: () => import("../refinery/operations.ts"),
  workers: () => import("../workers/operations.ts"),
  hooks: () => import("../hooks/operations.ts"),
  feed: () => import("../feed/operations.ts"),
};

/** @throws METHOD_UNKNOWN */
export async function operationsOf(noun: string): Promise<Operations> {
  const load = OPERATIONS[noun as Noun | View];
  if (!load) throw new BarnacleError("METHOD_UNKNOWN", `there are no questions about ${noun}`);
  return load();
}

/** @throws METHOD_UNKNOWN */
export async function townRead(name: string): Promise<TownRead> {
  const { noun, operation } = splitName(name);
  return need((await operationsOf(noun)).READS[operation], name);
}

/** @throws METHOD_UNKNOWN */
export async function townWrite(name: string): Promise<TownWrite> {
  const { noun, operation } = splitName(name);
  return need((await operationsOf(noun)).WRITES[operation], name);
}

function splitName(name: string): { readonly noun: string; readonly operation: string } {
  const dot = name.indexOf(".");
  return { noun: name.slice(0, dot), operation: name.slice(dot + 1) };
}

function need<T>(found: T | undefined, name: string): T {
  if (found === undefined) throw new BarnacleError("METHOD_UNKNOWN", `unknown method: ${name}`);
  return found;
}
