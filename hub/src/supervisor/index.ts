/** Looks after the roles: which are wanted, whether they run, work that nobody does. Nobody else writes its tables. */
export { removeOldLogs } from "./old-logs.ts";
export { Supervisor, type SupervisorOptions, type SupervisorPorts } from "./supervisor.ts";
export { EVERYWHERE, type RoleName, RoleWishes, type Wish } from "./wishes.ts";
