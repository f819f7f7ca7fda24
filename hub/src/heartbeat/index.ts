export { HEARTBEAT_PROMPT, HeartbeatRuns, type HeartbeatRunsOptions } from "./heartbeats.ts";
