/** A page of instructions for agents: a `SKILL.md`, of this machine or of a node that is connected. */
export interface Skill {
  /** Folder, or `<node id>/<name>`. */
  readonly key: string;
  readonly name: string;
  readonly description: string;
  readonly source: "workspace" | "node";
  readonly nodeId?: string;
  /** Of the hub's machine. */
  readonly file?: string;
  readonly emoji?: string;
  readonly homepage?: string;
  readonly enabled: boolean;
  /** Programs it needs, and those that are missing on this machine. */
  readonly bins: readonly string[];
  readonly missing: readonly string[];
  /** Why it cannot be read, if it cannot. */
  readonly problem?: string;
}

export interface Skills {
  /** Where the files lie. */
  readonly folder: string;
  list(): readonly Skill[];
  /** @throws NOT_FOUND */
  content(key: string): string;
  /** Of this machine's own. @throws NOT_FOUND, INPUT_INVALID (a node's) */
  setEnabled(key: string, enabled: boolean): void;
}

/** Tokens that models used, by day. */
export interface UsageDay {
  /** `2026-01-31`, UTC. */
  readonly date: string;
  readonly input: number;
  readonly output: number;
  readonly totalTokens: number;
}

export interface Usage {
  /** Days with any use, oldest first. */
  daily(sinceMs: number): readonly UsageDay[];
}
