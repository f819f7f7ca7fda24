import type { JsonObject } from "@barnacle/protocol/schema";
import type { Approval, ApprovalDecision, ApprovalGrant } from "../services.ts";
import type { Row } from "../store/index.ts";
import type { BoundCommand } from "./bound.ts";

/** An approval with what it is bound to, which stays inside. */
export interface StoredApproval extends Approval {
  readonly bound: BoundCommand;
  readonly digest: string;
}

export function approvalOf(row: Row): StoredApproval {
  return {
    id: String(row.id),
    origin: row.origin as Approval["origin"],
    request: JSON.parse(String(row.request)) as JsonObject,
    status: row.status as Approval["status"],
    ...(row.decision === null ? {} : { decision: row.decision as ApprovalDecision }),
    ...(row.reason === null ? {} : { reason: String(row.reason) }),
    requestedBy: String(row.requested_by),
    ...(row.resolver === null ? {} : { resolver: String(row.resolver) }),
    createdAtMs: Number(row.created_at),
    expiresAtMs: Number(row.expires_at),
    ...(row.resolved_at === null ? {} : { resolvedAtMs: Number(row.resolved_at) }),
    bound: JSON.parse(String(row.bound)) as BoundCommand,
    digest: String(row.digest),
  };
}

export function grantOf(row: Row): ApprovalGrant {
  const number = (value: Row[string]) => (value === null ? null : Number(value));
  const text = (value: Row[string]) => (value === null ? null : String(value));
  return {
    grantId: String(row.grant_id),
    approvalId: String(row.approval_id),
    nodeId: String(row.node_id),
    commandText: String(row.command_text),
    cwd: text(row.cwd as Row[string]),
    agentId: text(row.agent_id as Row[string]),
    requestedBy: String(row.requested_by),
    createdAtMs: Number(row.created_at),
    expiresAtMs: number(row.expires_at as Row[string]),
    revokedAtMs: number(row.revoked_at as Row[string]),
    revokedBy: text(row.revoked_by as Row[string]),
    lastUsedAtMs: number(row.last_used_at as Row[string]),
    useCount: Number(row.use_count),
  };
}
