/** A formula with everything done that can be done before it runs: plain data, one entry for each bead to be. */
export interface Cooked {
  readonly formula: string;
  readonly version: number;
  readonly type: "workflow" | "expansion" | "aspect" | "convoy";
  readonly description: string;
  /** `vapor`: meant to be ephemeral. */
  readonly phase?: "liquid" | "vapor";
  /** One bead for each step, instead of a checklist on one bead. */
  readonly pour: boolean;
  /** Where it was read from. */
  readonly file: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly steps: readonly CookedStep[];
  /** Variables that still stand in the texts. */
  readonly open: readonly string[];
  readonly output?: Readonly<Record<string, string>>;
}

export interface CookedStep {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  /** Ids of steps, all of them here. */
  readonly needs: readonly string[];
  /** The step that it is a part of. */
  readonly parent?: string;
  readonly description?: string;
  readonly notes?: string;
  readonly acceptance?: string;
  readonly priority?: number;
  readonly labels: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly assignee?: string;
  readonly interactive?: boolean;
  /** Variables decide whether it stays; only when it was cooked without their values. */
  readonly conditions?: readonly string[];
  /** Each is a gate of its own before the step. */
  readonly gates?: readonly CookedGate[];
  /** It is no work but decides whether another round follows. */
  readonly until?: CookedUntil;
  readonly onComplete?: CookedOnComplete;
}

export interface CookedGate {
  readonly type: string;
  readonly awaitId?: string;
  readonly timeoutMs?: number;
  /** Steps that must be closed before its condition is looked at. */
  readonly needs?: readonly string[];
}

export interface CookedUntil {
  readonly condition: string;
  readonly max: number;
  readonly var: string;
  /** Of the first round, its variable still in the texts. */
  readonly body: readonly CookedStep[];
}

export interface CookedOnComplete {
  readonly forEach: string;
  readonly bond: string;
  readonly vars: Readonly<Record<string, string>>;
  readonly sequential: boolean;
}
