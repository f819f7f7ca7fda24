export { Counters } from "./counters.ts";
export { LoopDelay } from "./loop-delay.ts";
export { Stocktaking, type StocktakingParts } from "./stocktaking.ts";
export { Telemetry, type TelemetryParts } from "./telemetry.ts";
