export { Counters } from "./counters.ts";
export { LoopDelay } from "./loop-delay.ts";
export { Telemetry, type TelemetryParts } from "./telemetry.ts";
