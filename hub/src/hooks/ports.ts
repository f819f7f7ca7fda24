import type { BeadRecord } from "@barnacle/protocol/beads";
import type { BeadWriter, WritableSql } from "../beads/index.ts";
import type { Address, RigFacts, WorkerReads, WorkerRecord } from "../workers/index.ts";

/** What hooks ask of workers. */
export interface WorkersPort {
  readonly reads: WorkerReads;
  find(address: string): WorkerRecord | undefined;
  get(address: string): WorkerRecord;
  alive(address: string): boolean | undefined;
  isProgram(address: string): boolean;
  registerWithin(sql: WritableSql, address: Address, who: string): boolean;
  markWithin(
    sql: WritableSql,
    address: string,
    change: {
      readonly state?: WorkerRecord["state"];
      readonly reason?: string | null;
      readonly held?: boolean;
      readonly restarts?: number;
      readonly next_start_at?: number | null;
      readonly handoff?: string | null;
      readonly handoff_at?: number | null;
    },
  ): void;
  start(address: string): Promise<void>;
  finish(address: string, why: string, force?: boolean): Promise<void>;
  finishSoon(address: string, why: string): void;
  setState(address: string, state: WorkerRecord["state"], reason?: string): Promise<void>;
  tell(kind: "registered" | "done" | "state", address: string, data?: Readonly<Record<string, unknown>>): void;
}

export interface GitPort {
  /** @throws when git fails */
  run(args: readonly string[], options: { readonly cwd: string }): Promise<{ readonly stdout: string }>;
}

export interface HookRigs {
  find(name: string): RigFacts | undefined;
  byPrefix(prefix: string): RigFacts | undefined;
  git(name: string): GitPort;
}

/** Takes a branch that is to be merged. The same branch and commit again is the same request. */
export interface Submit {
  submit(
    who: string,
    request: {
      readonly rig: string;
      readonly branch: string;
      readonly commit: string;
      readonly bead: string;
      readonly worker: string;
      readonly target?: string;
    },
  ): Promise<{ readonly id: string }>;
}

export interface ConvoyPort {
  /** Within a transaction: a convoy of its own for a bead that none tracks. @returns the convoy that tracks it */
  autoFor(writer: BeadWriter, bead: string): string | undefined;
  /** Why its convoy does not start yet; undefined: it may be begun. */
  heldBy?(bead: string): { readonly convoy: string; readonly waitsFor: readonly string[] } | undefined;
}

/** Puts mail into the transaction of `writer`. */
export type PostPort = (
  writer: BeadWriter,
  mail: { readonly from: string; readonly to: string; readonly subject: string; readonly body?: string },
) => BeadRecord;
