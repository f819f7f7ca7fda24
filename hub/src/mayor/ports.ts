import type { BeadWriter } from "../beads/index.ts";

export interface RigFacts {
  readonly name: string;
  /** Of its beads' ids. */
  readonly prefix: string;
  readonly workspace: string;
}

/** What the mayor needs of other parts of the town. */
export interface MayorPorts {
  readonly rigs: () => readonly RigFacts[];
  /** @returns its id; the same for the same key */
  readonly convoy: (
    who: string,
    convoy: {
      readonly title: string;
      readonly beads: readonly string[];
      readonly key: string;
      readonly merge?: string | undefined;
      readonly baseBranch?: string | undefined;
    },
  ) => Promise<string>;
  /** Lets a bead wait for a worker of its rig. */
  readonly queue: (who: string, work: { readonly bead: string; readonly rig: string }) => Promise<unknown>;
  /** Within a transaction; the same key again is no second mail. */
  readonly post: (
    writer: BeadWriter,
    mail: {
      readonly from: string;
      readonly to: string;
      readonly subject: string;
      readonly body: string;
      readonly key: string;
    },
  ) => void;
  /** Tells people that something needs them; once for each `key` that is open. */
  readonly escalate: (trouble: {
    readonly key: string;
    readonly subject: string;
    readonly reason: string;
    readonly bead: string;
  }) => Promise<void>;
}
