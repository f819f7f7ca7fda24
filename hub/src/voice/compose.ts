import { BarnacleError, type ErrorShape } from "@barnacle/protocol/errors";
import { oneOf } from "../household/index.ts";
import type { TurnCommand } from "../services.ts";
import type { Plan, PlannedStep } from "./plan.ts";

export interface Answer {
  readonly reply: string;
  readonly ok: boolean;
  readonly error?: ErrorShape;
}

/** The words of the reply, from the plan and what came of its steps (in the same order). */
export function composeAnswer(plan: Plan, results: readonly TurnCommand[]): Answer {
  const failed = plan.steps.flatMap((step, i) => (results[i]?.error ? [{ step, error: results[i].error }] : []));
  const first = failed[0];
  if (!first) {
    const error = plan.error;
    return { reply: successText(plan, results), ok: error === undefined, ...(error ? { error } : {}) };
  }
  const reasons = [...new Set(failed.map(({ step, error }) => failureText(step, error)))];
  const done = plan.steps.length - failed.length;
  const start = done > 0 ? [`${done} of ${plan.steps.length} are done.`] : [];
  return { reply: [...start, ...reasons.slice(0, 2)].join(" "), ok: false, error: first.error };
}

/** The error of a plan that can only refuse. */
export function refusal(
  code: "APPLIANCE_UNKNOWN" | "COMMAND_UNKNOWN" | "INPUT_INVALID" | "NOT_FOUND",
  text: string,
): ErrorShape {
  return new BarnacleError(code, text).toShape();
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function successText({ reply }: Plan, results: readonly TurnCommand[]): string {
  if (reply.kind === "text" || reply.kind === "done") return reply.text;
  if (reply.kind === "reading") {
    const value = Number(results[0]?.payload?.celsius ?? results[0]?.payload?.value ?? Number.NaN);
    return Number.isNaN(value) ? "The sensor gave no number." : `It is ${Math.round(value * 10) / 10} ${reply.unit}.`;
  }
  const levels = results.map((result) => Number(result.payload?.value ?? Number.NaN));
  const verb = reply.many ? "are" : "is";
  if (levels.length === 0 || levels.some(Number.isNaN))
    return `I cannot tell whether ${reply.phrase} ${verb} ${reply.asked}.`;
  const states = [...new Set(levels.map((level) => (level > 0 ? reply.whenOn : reply.whenOff)))];
  if (states.length > 1) return `Some are ${oneOf(states, "and some are")}.`;
  return `${states[0] === reply.asked ? "Yes" : "No"}, ${reply.phrase} ${verb} ${states[0]}.`;
}

function failureText(step: PlannedStep, error: ErrorShape): string {
  switch (error.code) {
    case "POLICY_DENIED":
    case "FORBIDDEN":
      return `I am not allowed to do that with ${step.label}.`;
    case "DEVICE_OFFLINE":
    case "ROUTE_NONE":
      return `I cannot reach ${step.label}: ${theNode(step)} is not connected.`;
    case "DEVICE_UNKNOWN":
    case "NOT_PAIRED":
    case "DEVICE_BLOCKED":
      return `I cannot reach ${step.label}: ${theNode(step)} is not admitted.`;
    case "COMMAND_TIMEOUT":
      return `${capitalise(theNode(step))} did not answer in time.`;
    case "COMMAND_OUTCOME_UNKNOWN":
      return `I do not know whether that worked. Please look at ${step.label}.`;
    case "COMMAND_UNKNOWN":
      return `${capitalise(theNode(step))} cannot do that.`;
    case "AUDIT_UNWRITABLE":
    case "STATE_UNWRITABLE":
      return "I did not do that: the hub cannot write to its disk.";
    default:
      return `That did not work with ${step.label}.`;
  }
}

function theNode(step: PlannedStep): string {
  return /\bnode\b/i.test(step.nodeName) ? step.nodeName : `the ${step.nodeName} node`;
}
