import type { ApprovalDecision, ApprovalGrant } from "../services.ts";
import type { Row, Store } from "../store/index.ts";
import { approvalOf, grantOf, type StoredApproval } from "./row.ts";

/** The two tables of approvals. The writing methods run within the caller's transaction. */
export class ApprovalTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(id: string): StoredApproval | undefined {
    const row = this.#store.one("SELECT * FROM approvals WHERE id = ?", id);
    return row && approvalOf(row);
  }

  pending(): StoredApproval[] {
    return this.#store.all("SELECT * FROM approvals WHERE status = 'pending' ORDER BY created_at, id").map(approvalOf);
  }

  /** Decided ones before `(at, id)`, newest first. */
  history(limit: number, since: number, before?: { at: number; id: string }): StoredApproval[] {
    const rows = before
      ? this.#store.all(
          `SELECT * FROM approvals WHERE status <> 'pending' AND resolved_at >= ? AND (resolved_at, id) < (?, ?)
             ORDER BY resolved_at DESC, id DESC LIMIT ?`,
          since,
          before.at,
          before.id,
          limit,
        )
      : this.#store.all(
          "SELECT * FROM approvals WHERE status <> 'pending' AND resolved_at >= ? ORDER BY resolved_at DESC, id DESC LIMIT ?",
          since,
          limit,
        );
    return rows.map(approvalOf);
  }

  insert(approval: StoredApproval): void {
    this.#store.run(
      `INSERT INTO approvals (id, origin, status, decision, reason, request, bound, digest, requested_by, resolver, created_at,
         expires_at, resolved_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      approval.id,
      approval.origin,
      approval.status,
      approval.decision ?? null,
      approval.reason ?? null,
      JSON.stringify(approval.request),
      JSON.stringify(approval.bound),
      approval.digest,
      approval.requestedBy,
      approval.resolver ?? null,
      approval.createdAtMs,
      approval.expiresAtMs,
      approval.resolvedAtMs ?? null,
    );
  }

  /** @returns false when it was decided before */
  settle(
    id: string,
    end: { status: string; decision: ApprovalDecision | null; reason: string; resolver: string | null; at: number },
  ): boolean {
    const { status, decision, reason, resolver, at } = end;
    return (
      this.#store.run(
        `UPDATE approvals SET status = ?, decision = ?, reason = ?, resolver = ?, resolved_at = ?
           WHERE id = ? AND status = 'pending'`,
        status,
        decision,
        reason,
        resolver,
        at,
        id,
      ) === 1
    );
  }

  /** Given yeses of one asker that were not used yet, newest first. */
  unused(requestedBy: string, since: number): StoredApproval[] {
    return this.#store
      .all(
        `SELECT * FROM approvals WHERE status = 'allowed' AND used_at IS NULL AND requested_by = ? AND resolved_at >= ?
           ORDER BY resolved_at DESC`,
        requestedBy,
        since,
      )
      .map(approvalOf);
  }

  /** @returns false when it was used before */
  use(id: string, at: number): boolean {
    return this.#store.run("UPDATE approvals SET used_at = ? WHERE id = ? AND used_at IS NULL", at, id) === 1;
  }

  prune(beforeMs: number): void {
    this.#store.run("DELETE FROM approvals WHERE status <> 'pending' AND resolved_at < ?", beforeMs);
  }

  grants(limit: number): ApprovalGrant[] {
    return this.#store
      .all("SELECT * FROM approval_grants ORDER BY created_at DESC, grant_id LIMIT ?", limit)
      .map(grantOf);
  }

  grant(grantId: string): ApprovalGrant | undefined {
    const row = this.#store.one("SELECT * FROM approval_grants WHERE grant_id = ?", grantId);
    return row && grantOf(row);
  }

  addGrant(grant: ApprovalGrant, digest: string): void {
    this.#store.run(
      `INSERT INTO approval_grants (grant_id, approval_id, digest, node_id, command_text, cwd, agent_id, requested_by,
         created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      grant.grantId,
      grant.approvalId,
      digest,
      grant.nodeId,
      grant.commandText,
      grant.cwd,
      grant.agentId,
      grant.requestedBy,
      grant.createdAtMs,
      grant.expiresAtMs,
    );
  }

  /** The permission that stands for this very command and asker, noted as used. */
  useGrant(digest: string, requestedBy: string, at: number): ApprovalGrant | undefined {
    const row: Row | undefined = this.#store.one(
      `SELECT * FROM approval_grants WHERE digest = ? AND requested_by = ? AND revoked_at IS NULL
         AND (expires_at IS NULL OR expires_at > ?) LIMIT 1`,
      digest,
      requestedBy,
      at,
    );
    if (!row) return undefined;
    this.#store.run(
      "UPDATE approval_grants SET last_used_at = ?, use_count = use_count + 1 WHERE grant_id = ?",
      at,
      String(row.grant_id),
    );
    return grantOf(row);
  }

  revoke(grantId: string, by: string, at: number): boolean {
    return (
      this.#store.run(
        "UPDATE approval_grants SET revoked_at = ?, revoked_by = ? WHERE grant_id = ? AND revoked_at IS NULL",
        at,
        by,
        grantId,
      ) === 1
    );
  }
}
