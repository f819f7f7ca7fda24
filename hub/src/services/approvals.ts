import type { Events } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Principal } from "./principal.ts";

export type ApprovalDecision = "allow-once" | "allow-always" | "deny";

/** A command that a person is asked about. */
export interface Approval {
  readonly id: string;
  /** A client asked beforehand, or the policy held a command back. */
  readonly origin: "client" | "policy";
  /** As the wire shows it to whoever decides: `command`, `commandArgv`, `cwd`, `nodeId`, `host`, … */
  readonly request: JsonObject;
  readonly status: "pending" | "allowed" | "denied" | "expired" | "cancelled";
  readonly decision?: ApprovalDecision;
  /** `user`, `timeout`, `no-route`, `gateway-restart`. */
  readonly reason?: string;
  /** `operator:<id>` */
  readonly requestedBy: string;
  /** Who answered; absent when time did. */
  readonly resolver?: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly resolvedAtMs?: number;
}

/** A standing permission: this very command on this node, for whom it was given to. */
export interface ApprovalGrant {
  readonly grantId: string;
  readonly approvalId: string;
  readonly nodeId: string;
  readonly commandText: string;
  readonly cwd: string | null;
  readonly agentId: string | null;
  readonly requestedBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  readonly revokedAtMs: number | null;
  readonly revokedBy: string | null;
  readonly lastUsedAtMs: number | null;
  readonly useCount: number;
}

export interface ApprovalAsk {
  readonly id?: string | undefined;
  readonly request: JsonObject;
  readonly principal: Principal;
  readonly timeoutMs?: number | undefined;
}

export interface ApprovalAnswer {
  readonly id: string;
  readonly decision: ApprovalDecision;
  readonly by: Principal;
  /** Days until a grant of `allow-always` ends; default never. */
  readonly grantExpiresInDays?: number | undefined;
}

/** Questions to people about commands: durable, bound to the exact command, the first answer wins, silence is a no. */
export interface Approvals {
  readonly events: Events<{ requested: { readonly approval: Approval }; resolved: { readonly approval: Approval } }>;
  /** Resolves when it is stored. @throws CONFLICT `approval id already pending`, INPUT_INVALID without a command */
  request(ask: ApprovalAsk): Promise<Approval>;
  /** Resolves when it is decided; at once when it is already. @throws NOT_FOUND */
  wait(id: string): Promise<Approval>;
  get(id: string): Approval | undefined;
  /** Oldest first. */
  pending(): readonly Approval[];
  /** Decided ones of the last 30 days, newest first. */
  history(options: { limit: number; cursor?: string | undefined }): { items: readonly Approval[]; nextCursor?: string };
  /**
   * `applied` is false when somebody else was first; then the approval says what they decided.
   * @throws NOT_FOUND, FORBIDDEN when whoever asked says yes to themselves
   */
  resolve(answer: ApprovalAnswer): Promise<{ applied: boolean; approval: Approval }>;
  grants(limit?: number): readonly ApprovalGrant[];
  revoke(grantId: string, by: Principal): Promise<"revoked" | "already-revoked" | "not-found">;
}

export interface HeldCommand {
  readonly principal: Principal;
  readonly deviceId: string;
  readonly deviceName?: string | undefined;
  readonly command: string;
  readonly params: JsonObject;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly reason: string;
  readonly approvalId?: string;
  /** What may be sent: what a caller claims about approvals is replaced by what is known. */
  readonly params: JsonObject;
}

/** What the commands' door asks when the policy says `ask`. */
export interface ApprovalGate {
  /** Resolves when somebody said yes or no, or nobody did in time. */
  admit(held: HeldCommand): Promise<Verdict>;
}

export interface ExecApprovalsSnapshot {
  readonly path: string;
  readonly exists: boolean;
  readonly hash: string;
  /** Without the token of its socket. */
  readonly file: JsonObject;
}

/** The file in which a host keeps what may run on it without asking. The hub runs nothing itself and keeps it for its clients. */
export interface ExecApprovalsFile {
  read(): ExecApprovalsSnapshot;
  /** @throws CONFLICT, STATE_UNWRITABLE, AUDIT_UNWRITABLE */
  write(next: JsonObject, baseHash: string | undefined, principal: Principal): Promise<ExecApprovalsSnapshot>;
}
