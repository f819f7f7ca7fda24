export { StoredFleetConfig, type WantedWire } from "./fleet-config.ts";
export { StoredFleetJobs } from "./jobs.ts";
