/** When waiting work is given to workers. Whoever has work for a rig queues it here; nobody else writes its tables. */
export type { SchedulerPorts } from "./ports.ts";
export { type EnqueueRequest, type Queued, Scheduler, type SchedulerOptions } from "./scheduler.ts";
