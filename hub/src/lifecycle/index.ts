export { HubLifecycle, RESTART_DELAY_MS } from "./lifecycle.ts";
