export { type Clock, sleep, sleepUnless, systemClock } from "./clock.ts";
export { Events } from "./events.ts";
export { FakeClock } from "./fake-clock.ts";
export { type Log, silentLog } from "./log.ts";
export { type Random, seededRandom, systemRandom } from "./random.ts";
export { startAll, stopAll, type Unit } from "./unit.ts";
