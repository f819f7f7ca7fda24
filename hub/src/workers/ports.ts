import type { BeadRecord } from "@barnacle/protocol/beads";
import type { Said } from "./wire.ts";

/** A project under management, as far as a worker has to do with it. */
export interface RigFacts {
  readonly name: string;
  readonly prefix: string;
  /** The bare mirror. */
  readonly repo: string;
  readonly defaultBranch: string;
  readonly state: "active" | "parked" | "docked";
  /** Default: it takes what is done. */
  readonly mergeQueue?: { readonly enabled: boolean };
}

export interface RigPort {
  /** Undefined when there is no such rig. */
  find(name: string): RigFacts | undefined;
}

export interface WorktreePort {
  /** Kept between jobs; put on a new branch only when nothing in it can be lost. */
  acquire(
    who: string,
    job: { readonly rig: string; readonly agent: string; readonly bead: string; readonly base?: string },
  ): Promise<{ readonly path: string; readonly branch: string }>;
  release(agent: string): Promise<unknown>;
}

/** What is held by an emergency stop. */
export interface Stoppable {
  readonly name: string;
  freeze(reason: string): Promise<readonly string[]>;
  release(): Promise<readonly string[]>;
}

export interface EstopPort {
  /** @throws ESTOPPED while an emergency stop holds */
  refuse(what: string): void;
  /** @returns the way out */
  attach(part: Stoppable): () => void;
}

/** What hangs first on a worker's hook. */
export interface Assignment {
  readonly bead: BeadRecord;
  readonly hookedAt: number;
  readonly args?: string | undefined;
  readonly base?: string | undefined;
  readonly runner?: string | undefined;
}

/** Hooks, as workers see them. */
export interface WorkPort {
  assignment(address: string): Assignment | undefined;
  /** A process has it from now on. */
  taken(address: string, bead: string): Promise<unknown>;
  /** What a worker is told at its start. */
  prompt(address: string): string;
  done(who: string, said: Extract<Said, { type: "done" }> & { readonly address: string }): Promise<unknown>;
  escalate(who: string, said: Extract<Said, { type: "escalate" }> & { readonly address: string }): Promise<unknown>;
  handoff(who: string, said: Extract<Said, { type: "handoff" }> & { readonly address: string }): Promise<unknown>;
}
