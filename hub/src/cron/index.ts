export { CronJobs, type CronJobsOptions } from "./jobs.ts";
export type { PayloadOptions } from "./payload.ts";
