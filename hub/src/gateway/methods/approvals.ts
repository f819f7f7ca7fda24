import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import type { Approval, ApprovalDecision, ApprovalGrant } from "../../services.ts";
import { approvalSnapshot, commandOf, DECISIONS, eventOf } from "../approval-views.ts";
import { type Method, type MethodContext, method } from "./method.ts";

const Id = Type.String({ minLength: 1, maxLength: 200 });
const Days = Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 }));
const Text = (maxLength: number) => Type.Optional(Type.Union([Type.String({ maxLength }), Type.Null()]));
const Request = Type.Object({
  id: Type.Optional(Id),
  command: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000 })),
  commandArgv: Type.Optional(Type.Array(Type.String({ maxLength: 20_000 }), { maxItems: 1000 })),
  systemRunPlan: Type.Optional(Type.Object({ argv: Type.Array(Type.String()), commandText: Type.String() })),
  env: Type.Optional(Type.Record(Type.String(), Type.String())),
  ...{ cwd: Text(4096), nodeId: Text(200), host: Text(100), security: Text(100), ask: Text(100), agentId: Text(200) },
  ...{ resolvedPath: Text(4096), sessionKey: Text(512), warningText: Text(4000), runId: Text(200) },
  approvalReviewerDeviceIds: Type.Optional(Type.Array(Id, { maxItems: 100 })),
  timeoutMs: Type.Optional(Type.Integer({ minimum: 1 })),
  twoPhase: Type.Optional(Type.Boolean()),
});
type Request = (typeof Request)["static"];

/** Approvals of commands. Source: gateway protocols 3 and 4, "exec approvals", "approval". */
export const approvalMethods: readonly Method[] = [
  method({ name: "exec.approval.request", access: "approvals", params: Request, run: request }),
  method({
    name: "exec.approval.waitDecision",
    access: "approvals",
    params: Type.Object({ id: Id }),
    run: async ({ id }, { hub }) => decided(await hub.approvals.wait(id)),
  }),
  method({
    name: "exec.approval.get",
    access: "approvals",
    params: Type.Object({ id: Id }),
    run({ id }, context) {
      const approval = pending(id, context);
      const text = (value: unknown) => (typeof value === "string" ? value : null);
      const { host, nodeId, agentId } = approval.request;
      return {
        ...{
          id: approval.id,
          commandText: commandOf(approval),
          commandPreview: null,
          allowedDecisions: [...DECISIONS],
        },
        ...{ host: text(host), nodeId: text(nodeId), agentId: text(agentId), expiresAtMs: approval.expiresAtMs },
      };
    },
  }),
  method({
    name: "exec.approval.list",
    access: "approvals",
    params: Type.Unknown(),
    run: (_params, { hub }) => hub.approvals.pending().map((one) => ({ ...eventOf(one), approvalKind: "exec" })),
  }),
  method({
    name: "exec.approval.resolve",
    access: "approvals",
    params: Type.Object({ id: Id, decision: Type.String({ maxLength: 40 }), grantExpiresInDays: Days }),
    async run({ id, decision, grantExpiresInDays }, context) {
      if (!isDecision(decision)) throw new BarnacleError("INPUT_INVALID", "invalid decision");
      const { hub, caller } = context;
      const known = pending(id, context);
      const answer = { id: known.id, decision, by: caller.principal, grantExpiresInDays };
      const { applied } = await hub.approvals.resolve(answer);
      if (applied) return { ok: true };
      throw new BarnacleError("CONFLICT", "approval already resolved", {
        details: { reason: "APPROVAL_ALREADY_RESOLVED" },
      });
    },
  }),
  method({
    name: "exec.approval.grants.list",
    access: "approvals",
    params: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
    run: ({ limit }, { hub }) => ({ grants: hub.approvals.grants(limit).map(wireGrant) }),
  }),
  method({
    name: "exec.approval.grants.revoke",
    access: "approvals",
    params: Type.Object({ grantId: Id }),
    run: async ({ grantId }, { hub, caller }) => ({ outcome: await hub.approvals.revoke(grantId, caller.principal) }),
  }),
  method({
    name: "approval.get",
    access: "approvals",
    params: Type.Object({ id: Id }),
    run({ id }, { hub }) {
      const approval = hub.approvals.get(id);
      if (approval) return { approval: approvalSnapshot(approval) };
      throw notFound();
    },
  }),
  method({
    name: "approval.resolve",
    access: "approvals",
    params: Type.Object({
      ...{ id: Id, kind: Type.String(), decision: Type.String({ maxLength: 40 }), grantExpiresInDays: Days },
    }),
    async run({ id, kind, decision, grantExpiresInDays }, { hub, caller }) {
      if (!isDecision(decision)) throw new BarnacleError("INPUT_INVALID", "invalid decision");
      if (kind !== "exec" || !hub.approvals.get(id)) throw notFound();
      const answer = { id, decision, by: caller.principal, grantExpiresInDays };
      const { applied, approval } = await hub.approvals.resolve(answer);
      return { applied, approval: approvalSnapshot(approval) };
    },
  }),
  method({
    name: "approval.history",
    access: "approvals",
    params: Type.Object({
      cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 400 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
      kind: Type.Optional(Type.String()),
    }),
    run({ cursor, limit = 50, kind }, { hub }) {
      if (kind !== undefined && kind !== "exec") return { items: [] };
      const { items, nextCursor } = hub.approvals.history({ limit, cursor });
      return { items: items.map(approvalSnapshot), ...(nextCursor === undefined ? {} : { nextCursor }) };
    },
  }),
];

/** Answers after the decision; with `twoPhase` it says at once that the question is out. */
async function request({ id, timeoutMs, twoPhase, ...asked }: Request, { hub, caller, accept }: MethodContext) {
  if (asked.host === "node" && asked.nodeId && !asked.systemRunPlan && !asked.commandArgv && !asked.command) {
    throw new BarnacleError("INPUT_INVALID", "systemRunPlan is required for host=node");
  }
  const approval = await hub.approvals.request({
    id,
    timeoutMs,
    request: shownRequest(asked),
    principal: caller.principal,
  });
  const { createdAtMs, expiresAtMs } = approval;
  if (twoPhase) accept({ status: "accepted", id: approval.id, createdAtMs, expiresAtMs });
  return decided(await hub.approvals.wait(approval.id));
}

/** As January's apps expect it: absent members are null. */
function shownRequest(asked: Omit<Request, "id" | "timeoutMs" | "twoPhase">) {
  const command = asked.command ?? asked.systemRunPlan?.commandText ?? asked.commandArgv?.join(" ") ?? "";
  return {
    ...{ cwd: null, host: null, security: null, ask: null, agentId: null, resolvedPath: null, sessionKey: null },
    ...{ ...asked, command },
  };
}

function decided({ id, decision, status, reason, createdAtMs, expiresAtMs }: Approval) {
  return {
    ...{ id, decision: decision ?? null, createdAtMs, expiresAtMs },
    ...(status === "allowed" || reason === undefined ? {} : { terminalReason: reason }),
  };
}

/** By its id, or by a beginning of it that means only one. */
function pending(id: string, { hub }: MethodContext): Approval {
  const exact = hub.approvals.get(id);
  if (exact) return exact;
  const meant = id.length >= 4 ? hub.approvals.pending().filter((one) => one.id.startsWith(id)) : [];
  if (meant.length > 1) throw new BarnacleError("INPUT_INVALID", "ambiguous approval id prefix; use the full id");
  if (meant[0]) return meant[0];
  throw new BarnacleError("APPROVAL_UNKNOWN", "unknown or expired approval id", {
    details: { reason: "APPROVAL_NOT_FOUND" },
  });
}

function notFound(): BarnacleError {
  return new BarnacleError("APPROVAL_UNKNOWN", "approval not found", { details: { reason: "APPROVAL_NOT_FOUND" } });
}

function isDecision(text: string): text is ApprovalDecision {
  return (DECISIONS as readonly string[]).includes(text);
}

/** The wire knows grants of cron jobs only; ours are of a command on a node. */
function wireGrant({ approvalId, nodeId, commandText, requestedBy, agentId, ...grant }: ApprovalGrant) {
  return {
    ...grant,
    ...{ mintedByApprovalId: approvalId, agentId: agentId ?? "main", cronJobId: nodeId, cronJobName: requestedBy },
    command: commandText,
  };
}
