export { checkWanted, completed } from "./check.ts";
export { keysOf, LOCAL_KEYS, matchesKey, mergeLayers, revisionOf, withoutKeys } from "./merge.ts";
export { type GpioLine, LineAppliance, NodeFileConfig, UplinkConfig } from "./schema.ts";
export { NodeActual, NodeWanted, WantedProblem, WantedRevision } from "./wanted.ts";
