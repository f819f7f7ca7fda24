export { loadNotify, type Notify } from "./libsystemd.ts";
export { findSupervisor, type Supervisor, type SupervisorParts } from "./supervisor.ts";
