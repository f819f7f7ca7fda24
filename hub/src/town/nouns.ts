/** The parts of the town, as methods (`convoys.list`), events (`convoys.changed`) and questions of the command line name them. */
export const NOUNS = [
  "convoys",
  "workspaces",
  "rigs",
  "worktrees",
  "workers",
  "hooks",
  "mail",
  "nudges",
  "escalations",
  "estop",
  "scheduler",
  "supervisor",
  "mayor",
  "witness",
  "mergequeue",
  "formulas",
] as const;

/** What can be asked besides, of several parts together. */
export const VIEWS = ["feed"] as const;

export type View = (typeof VIEWS)[number];
export type Noun = (typeof NOUNS)[number];
