/** Batches of work across rigs: what they track, when they land, who is told. A convoy is a bead; nobody else writes their tables. */
export { Convoys, type ConvoysOptions, type LandCall, type Landed } from "./convoys.ts";
export { type ConvoyFacts, MERGES, type Merge } from "./facts.ts";
export type { Fed } from "./feeder.ts";
export { storedMerges } from "./merges.ts";
export { planOf, type StagePlan } from "./plan.ts";
export type {
  Cleaner,
  ConvoyMail,
  ConvoyPorts,
  Liveness,
  Merges,
  Nudger,
  RigNames,
  Slinger,
  SlingOrder,
  Unmerged,
} from "./ports.ts";
export { SLINGABLE } from "./readiness.ts";
export { type ConvoyFilter, ConvoyReads, type Landing, type Stranded } from "./reads.ts";
export { type Staged, type StageParams, stage } from "./staging.ts";
export { CONVOY_STATES, type ConvoyState, TRANSITIONS } from "./states.ts";
export { CONVOY_TIMES, type ConvoyTimes, convoyTimes } from "./times.ts";
export { heldBy } from "./tracked.ts";
export type { ConvoyView, ConvoyWork, TrackedView } from "./view.ts";
export { ConvoyWriter, type NewConvoy, workBelow } from "./writer.ts";
