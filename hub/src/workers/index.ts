/** Who does the work: agents with their addresses, and the processes that they are. */
export {
  type Address,
  agentBeadId,
  directoryOf,
  needAddress,
  parseAddress,
  polecat,
  ROLES,
  type Role,
} from "./address.ts";
export { freeName, poolOf, THEMES } from "./names.ts";
export type { WorkerEvent, WorkersOptions } from "./options.ts";
export type { Assignment, EstopPort, RigFacts, RigPort, Stoppable, WorkPort, WorktreePort } from "./ports.ts";
export { PRESETS, type Runner } from "./presets.ts";
export { type WorkerFilter, WorkerReads } from "./reads.ts";
export { type Death, type Progress, STATES, type WorkerRecord, type WorkerState } from "./record.ts";
export { runnerOf } from "./runners.ts";
export { teller } from "./tell.ts";
export { holderOf } from "./tokens.ts";
export type { Said, Told } from "./wire.ts";
export { Workers } from "./workers.ts";
