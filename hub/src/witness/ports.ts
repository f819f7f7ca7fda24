/** A worker as the witness sees it. Times: ms since 1970. */
export interface WatchedAgent {
  readonly address: string;
  readonly rig: string;
  readonly state: string;
  /** A process of it runs, or its next start has a time. */
  readonly alive: boolean;
  /** Stopped by hand. */
  readonly held: boolean;
  /** Why it stands still, in its own words or the registry's. */
  readonly reason?: string | undefined;
  /** It says what it does; else its output is all there is to go by. */
  readonly speaks: boolean;
  readonly startedAt?: number | undefined;
  /** The last sign of life, a line of output among them. */
  readonly heartbeatAt?: number | undefined;
  readonly progressAt?: number | undefined;
  /** Its present work. `taken`: it has begun; `since`: when it was hung there, or begun. */
  readonly work?: { readonly bead: string; readonly taken: boolean; readonly since: number } | undefined;
  /** Newest first. */
  readonly deaths: readonly number[];
}

/** What the witness needs of other parts of the town. */
export interface WitnessPorts {
  /** Names of rigs with the prefix of their beads. */
  readonly rigs: () => readonly { readonly name: string; readonly prefix: string }[];
  readonly agents: (rig: string) => readonly WatchedAgent[];
  /** The emergency stop: everything stands still on purpose. */
  readonly stopped: () => boolean;
  readonly nudge: (agent: string, text: string) => Promise<void>;
  /** Ends its process and begins it again. */
  readonly restart: (agent: string, why: string) => Promise<void>;
  /**
   * Takes the work away from an agent, ends the process, and lets somebody else have it.
   * @returns `abandoned` when it was given away too often
   */
  readonly reassign: (agent: string, bead: string, why: string) => Promise<"again" | "abandoned">;
  /** Tells people that something needs them; once for each `key` that is open. */
  readonly escalate: (trouble: {
    readonly key: string;
    readonly severity: "critical" | "high" | "medium";
    readonly subject: string;
    readonly reason: string;
    readonly bead?: string | undefined;
    readonly rig: string;
  }) => Promise<void>;
  /** Work in a worktree that nobody is at: what its verdict is. Starts a process; asked seldom. */
  readonly verdict: (agent: string) => Promise<{ readonly dirty: boolean } | undefined>;
}
