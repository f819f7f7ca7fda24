/** Watches workers: what is wrong, who is told, what is done about it. Nobody else writes its tables. */
export { type CauseKind, type Finding, findings, type RigSnapshot } from "./causes.ts";
export { type Action, type CauseMemory, patrol, STEPS } from "./patrol.ts";
export type { WatchedAgent, WitnessPorts } from "./ports.ts";
export { Witness, type WitnessOptions } from "./witness.ts";
