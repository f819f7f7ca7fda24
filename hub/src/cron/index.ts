export { CronJobs, type CronJobsOptions } from "./jobs.ts";
