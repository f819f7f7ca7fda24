import type { Approval, ApprovalDecision } from "../services.ts";

/** Approvals in the gateway protocol's shapes. Source: gateway protocol 4, `approval.get`; protocol 3, events. */

export const DECISIONS: readonly ApprovalDecision[] = ["allow-once", "allow-always", "deny"];

/** Members that clients look for in every request, where nothing was said. */
const NOT_SAID = {
  ...{ systemRunBinding: null, systemRunPlan: null, nodeId: null, warningText: null, scope: null },
  ...{ sessionId: null, runId: null, toolCallId: null, cronExecutionSource: null, cronOperationBinding: null },
  ...{ turnSourceChannel: null, turnSourceTo: null, turnSourceAccountId: null, turnSourceThreadId: null },
};

/** Payload of `exec.approval.requested`. The environment may hold secrets; who decides sees that there is one, by its names. */
export function eventOf({ id, request: asked, createdAtMs, expiresAtMs }: Approval) {
  const { env, ...shown } = asked;
  const names = env && typeof env === "object" ? { envKeys: Object.keys(env) } : {};
  const request = { ...NOT_SAID, ...shown, ...names, allowedDecisions: [...DECISIONS] };
  return { approvalKind: "exec", id, request, createdAtMs, expiresAtMs };
}

export function commandOf({ request }: Approval): string {
  return String(request.command ?? "");
}

export function approvalSnapshot(approval: Approval) {
  const { id, request, status, createdAtMs, expiresAtMs, resolvedAtMs, decision, resolver } = approval;
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);
  const sessionKey = text(request.sessionKey);
  const about = {
    ...{ id, urlPath: `/approve/${encodeURIComponent(id)}`, createdAtMs, expiresAtMs },
    presentation: {
      ...{ kind: "exec" as const, commandText: commandOf(approval), commandPreview: null },
      ...{ warningText: text(request.warningText), host: text(request.host), nodeId: text(request.nodeId) },
      ...{ agentId: text(request.agentId), allowedDecisions: [...DECISIONS] },
    },
  };
  if (status === "pending") return { ...about, status, ...(sessionKey ? { sourceSessionKey: sessionKey } : {}) };
  const end = {
    ...about,
    resolvedAtMs: resolvedAtMs ?? expiresAtMs,
    ...(sessionKey ? { source: { sessionKey } } : {}),
    resolver: resolver ? { kind: "device" as const, id: resolver } : { kind: "system" as const },
  };
  if (status === "allowed") return { ...end, status, decision, reason: "user" };
  if (status === "denied") return { ...end, status, decision: "deny", reason: approval.reason ?? "user" };
  return { ...end, status, reason: status === "expired" ? "timeout" : "gateway-restart" };
}
