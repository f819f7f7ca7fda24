export { AGENT_INTENT } from "./answerer.ts";
export type { HomeContext } from "./home/context.ts";
export { HomeResponder } from "./home/responder.ts";
export type { Otherwise, Plan, PlannedStep, ReplyPlan, Responder, TurnRequest } from "./plan.ts";
export { VoiceTurnService, type VoiceTurnsOptions } from "./turns.ts";
