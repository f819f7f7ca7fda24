/**
 * What the hub's parts ask of each other. Each interface is implemented by the folder of the same name; only `hub.ts`
 * knows which class that is.
 */
export type * from "./services/agent.ts";
export type * from "./services/approvals.ts";
export type * from "./services/beads.ts";
export type * from "./services/channels.ts";
export type * from "./services/commands.ts";
export type * from "./services/config.ts";
export type * from "./services/cron.ts";
export type * from "./services/devices.ts";
export type * from "./services/endpoint.ts";
export type * from "./services/estop.ts";
export type * from "./services/fleet.ts";
export type * from "./services/heartbeats.ts";
export type * from "./services/inbox.ts";
export type * from "./services/lifecycle.ts";
export type * from "./services/logs.ts";
export type * from "./services/nodes.ts";
export type * from "./services/owner.ts";
export type * from "./services/policy.ts";
export type * from "./services/principal.ts";
export type * from "./services/questions.ts";
export type * from "./services/routing.ts";
export type * from "./services/sessions.ts";
export type * from "./services/skills.ts";
export type * from "./services/speech.ts";
export type * from "./services/town.ts";
export type * from "./services/voice.ts";
export type * from "./services/wires.ts";
