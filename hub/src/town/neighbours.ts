import type { Convoys } from "../convoys/index.ts";
import type { EscalationPort } from "../escalations/index.ts";
import type { Rigs } from "../rigs/index.ts";
import type { Worktrees } from "../worktrees/index.ts";

/** A worker, as far as those who watch it need to know. Times: ms since 1970. */
export interface WorkerFacts {
  readonly address: string;
  readonly role: string;
  readonly rig?: string;
  readonly runner?: string;
  readonly state: string;
  readonly reason?: string;
  readonly held: boolean;
  readonly startedAt?: number;
  readonly heartbeatAt?: number;
  readonly activeAt?: number;
  readonly progress?: { readonly at: number };
  readonly deaths: readonly { readonly at: number }[];
}

/** What the roles need of the rest of the town; what is not there yet is done without. */
export interface Neighbours {
  readonly rigs: Pick<Rigs, "list" | "ofBead">;
  readonly convoys: Pick<Convoys, "create">;
  readonly worktrees: Pick<Worktrees, "find" | "list" | "verdict">;
  readonly estop: { state(): { readonly stopped: boolean } };
  readonly workers?: {
    list(): readonly WorkerFacts[];
    /** A process of it runs, is being started, or will be. */
    alive(address: string): boolean | undefined;
    start(address: string): Promise<void>;
    finish(address: string, why: string, force?: boolean): Promise<void>;
    deliver(address: string, text: string): Promise<unknown>;
  };
  readonly hooks?: {
    sling(
      who: string,
      params: { readonly bead: string; readonly to: string } & Readonly<Record<string, unknown>>,
    ): Promise<{ readonly agent: string }>;
    readonly reads: { ofBead(bead: string): object | undefined };
    assignment(
      address: string,
    ):
      | { readonly bead: { readonly id: string }; readonly hookedAt: number; readonly runner?: string | undefined }
      | undefined;
    recover(who: string, bead: string, why: string): Promise<{ readonly abandoned: boolean }>;
  };
  readonly nudges?: {
    nudge(who: string, nudge: { readonly to: string; readonly text: string }): Promise<unknown>;
  };
  readonly escalations?: EscalationPort;
}
