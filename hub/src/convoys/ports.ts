import type { BeadWriter, Sql } from "../beads/index.ts";

/** What convoys need of the rest of the town; all of it may be absent. */
export interface ConvoyPorts {
  /** Puts mail into the store, in the transaction of what it tells of. */
  readonly post?: ((writer: BeadWriter, mail: ConvoyMail) => unknown) | undefined;
  readonly nudger?: Nudger | undefined;
  readonly slinger?: Slinger | undefined;
  readonly workers?: Liveness | undefined;
  readonly rigs?: RigNames | undefined;
  readonly merges?: Merges | undefined;
  readonly worktrees?: Cleaner | undefined;
}

export interface ConvoyMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly type: "notification";
  /** The same key again makes no second mail. */
  readonly key: string;
}

export interface Nudger {
  nudge(who: string, nudge: { readonly to: string; readonly text: string }): Promise<unknown>;
}

/** Hands a bead to somebody who does it. */
export interface Slinger {
  /**
   * @returns who has it now; undefined when nobody takes work now: no rig has the bead's prefix, no room, stopped
   * @throws what keeps this bead from being handed over
   */
  sling(who: string, order: SlingOrder): Promise<{ readonly agent: string } | undefined>;
}

export interface SlingOrder {
  readonly bead: string;
  readonly convoy: string;
  readonly merge?: string | undefined;
  readonly baseBranch?: string | undefined;
}

export interface Liveness {
  /** Whether an agent with this address runs; undefined when nobody here knows: a person. */
  alive(address: string): boolean | undefined;
}

export interface RigNames {
  /** Whether there are any: without, work is for people. */
  any(): boolean;
  /** The rig that a bead's prefix belongs to. */
  rigOf(bead: string): { readonly name: string; readonly state: string } | undefined;
}

export interface Merges {
  /** Of these beads: those whose work is not merged yet, each with what says so. */
  unmerged(sql: Sql, beads: readonly string[]): readonly Unmerged[];
}

export interface Unmerged {
  readonly bead: string;
  readonly request: string;
}

export interface Cleaner {
  /** Gives back the worktree in which an agent worked; undefined: it has none that would go. What would be lost is kept. */
  release(who: string, agent: string): Promise<{ readonly released: boolean; readonly why?: string } | undefined>;
}
