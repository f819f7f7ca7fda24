/** The merge queue: how finished work gets into a rig's branch. Nobody else writes its tables. */
export type { MergeRecord } from "./evidence.ts";
export type { GateResult } from "./gates.ts";
export type { GitRunner } from "./git.ts";
export type { IntegrationBranch, IntegrationStatus } from "./integration.ts";
export type { PlannedMerge, Run, RunOutcome } from "./journal.ts";
export type { RefineryMail, RefineryPorts, RefineryRig, RefineryRigs, Trouble } from "./ports.ts";
export { Refinery, type RefineryEvents, type RefineryOptions, type SubmitAsk } from "./refinery.ts";
export type { MergeRequest, Rework } from "./request.ts";
export type { RefineryStatus } from "./status.ts";
