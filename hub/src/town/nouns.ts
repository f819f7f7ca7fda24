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

export type Noun = (typeof NOUNS)[number];
