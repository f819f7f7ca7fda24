export { durationAdjective, durationWords } from "./duration.ts";
export type { Timer } from "./table.ts";
export { Timers, type TimersOptions } from "./timers.ts";
