/** Turns goals into convoys of beads and sees them through; one for each workspace. Nobody else writes its tables. */
export { type GoalItem, type GoalRequest, itemsOf } from "./goal.ts";
export { Mayor, type MayorOptions } from "./mayor.ts";
export type { MayorPorts, RigFacts } from "./ports.ts";
