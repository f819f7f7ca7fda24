/** What the scheduler needs of other parts of the town. */
export interface SchedulerPorts {
  /** Puts a bead on the hook of a worker and starts it. @throws why it could not */
  readonly sling: (
    who: string,
    work: { readonly bead: string; readonly to: string; readonly args?: Readonly<Record<string, unknown>> },
  ) => Promise<{ readonly agent: string }>;
  /** The emergency stop. */
  readonly stopped: () => boolean;
  /** Rigs that take no work now: parked or docked. */
  readonly closedRigs: () => ReadonlySet<string>;
  /** Tells people that something needs them; once for each `key`. */
  readonly report: (trouble: {
    readonly key: string;
    readonly subject: string;
    readonly reason: string;
    readonly bead: string;
    /** In whose name the work was queued. */
    readonly to: string;
  }) => Promise<void>;
}
