import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, Events, type Random, type Unit } from "@barnacle/protocol/runtime";
import type { AuditTrail } from "../audit/index.ts";
import type {
  Approval,
  ApprovalAnswer,
  ApprovalAsk,
  ApprovalDecision,
  ApprovalGrant,
  Approvals,
  Principal,
} from "../services.ts";
import type { Store } from "../store/index.ts";
import { asBound, type BoundCommand, boundOfRequest, covers, digestOf } from "./bound.ts";
import type { StoredApproval } from "./row.ts";
import { ApprovalTable } from "./table.ts";

export interface ApprovalSettings {
  readonly timeoutSeconds: number;
  readonly selfApprove: boolean;
}

export interface StoredApprovalsOptions {
  readonly store: Store;
  readonly audit: Pick<AuditTrail, "record">;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: () => ApprovalSettings;
}

const KEEP_MS = 30 * 24 * 60 * 60_000;
/** A yes that was asked for beforehand is good for this long. */
const USE_WITHIN_MS = 10 * 60_000;
/** Nobody reads more; what asks without end must not fill the disk. */
const MOST_WAITING = 200;
const LONGEST_TIMEOUT_MS = 30 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
const PRUNE_EVERY_MS = DAY_MS;

export function nameOf({ kind, id }: Principal): string {
  return `${kind}:${id}`;
}

/** Approvals in the hub's store. A question outlives a restart when a client asked it; its record is kept with its audit record or not at all. */
export class StoredApprovals implements Approvals, Unit {
  readonly events: Approvals["events"] = new Events();
  readonly #options: StoredApprovalsOptions;
  readonly #table: ApprovalTable;
  readonly #waiting = new Map<string, PromiseWithResolvers<Approval>>();
  readonly #timers = new Map<string, () => void>();
  #endPrune: () => void = () => {};

  constructor(options: StoredApprovalsOptions) {
    this.#options = options;
    this.#table = new ApprovalTable(options.store);
  }

  async start(): Promise<void> {
    const { store, clock } = this.#options;
    store.transaction(() => this.#table.prune(clock.now() - KEEP_MS));
    for (const approval of this.#table.pending()) {
      // Nobody waits any more for what the policy held back: the command's caller is gone with the old process.
      if (approval.origin === "policy") await this.#end(approval.id, "cancelled", null, "gateway-restart");
      else this.#expireLater(approval);
    }
    this.#endPrune = clock.every(PRUNE_EVERY_MS, () =>
      store.transaction(() => this.#table.prune(clock.now() - KEEP_MS)),
    );
  }

  async stop(): Promise<void> {
    this.#endPrune();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    for (const { reject } of this.#waiting.values()) reject(new BarnacleError("HUB_STOPPING", "the hub is stopping"));
    this.#waiting.clear();
  }

  request(ask: ApprovalAsk): Promise<Approval> {
    const bound = boundOfRequest(ask.request);
    return this.ask({ ...ask, request: asBound(ask.request, bound) }, bound, "client");
  }

  /** As `request`, for a command that is bound already. */
  async ask(ask: ApprovalAsk, bound: BoundCommand, origin: Approval["origin"]): Promise<StoredApproval> {
    const { clock, random, settings } = this.#options;
    if (bound.text.trim() === "") throw new BarnacleError("INPUT_INVALID", "command is required");
    if (this.#timers.size >= MOST_WAITING) {
      throw new BarnacleError("RATE_LIMITED", `${MOST_WAITING} approvals wait already; answer some first`);
    }
    const timeoutMs = Math.min(Math.max(1, ask.timeoutMs ?? settings().timeoutSeconds * 1000), LONGEST_TIMEOUT_MS);
    const createdAtMs = clock.now();
    const approval: StoredApproval = {
      id: ask.id ?? random.uuid(),
      ...{ origin, request: ask.request, status: "pending", requestedBy: nameOf(ask.principal) },
      ...{ createdAtMs, expiresAtMs: createdAtMs + timeoutMs, bound, digest: digestOf(bound) },
    };
    await this.#commit(approval, ask.principal, "asked", () => {
      if (this.#table.get(approval.id)) throw new BarnacleError("CONFLICT", "approval id already pending");
      this.#table.insert(approval);
    });
    this.#expireLater(approval);
    this.events.emit("requested", { approval });
    return approval;
  }

  /** Writes down a no that nobody could be asked for. */
  async refuse(ask: ApprovalAsk, bound: BoundCommand): Promise<Approval> {
    const { clock, random } = this.#options;
    const at = clock.now();
    const approval: StoredApproval = {
      ...{ id: random.uuid(), origin: "policy", request: ask.request, status: "denied", reason: "no-route" },
      ...{ decision: "deny", requestedBy: nameOf(ask.principal), createdAtMs: at, expiresAtMs: at, resolvedAtMs: at },
      ...{ bound, digest: digestOf(bound) },
    };
    await this.#commit(approval, ask.principal, "denied", () => this.#table.insert(approval));
    return approval;
  }

  async wait(id: string): Promise<Approval> {
    const approval = this.#table.get(id);
    if (!approval) throw unknown("approval expired or not found");
    if (approval.status !== "pending") return approval;
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<Approval>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  get(id: string): Approval | undefined {
    return this.#table.get(id);
  }

  pending(): readonly Approval[] {
    return this.#table.pending();
  }

  history({ limit, cursor }: { limit: number; cursor?: string | undefined }) {
    const before = cursor === undefined ? undefined : cursorOf(cursor);
    const items = this.#table.history(limit + 1, this.#options.clock.now() - KEEP_MS, before);
    const page = items.slice(0, limit);
    const last = items.length > limit ? page.at(-1) : undefined;
    return { items: page, ...(last ? { nextCursor: `${last.resolvedAtMs} ${last.id}` } : {}) };
  }

  async resolve(answer: ApprovalAnswer): Promise<{ applied: boolean; approval: Approval }> {
    const { id, decision, by } = answer;
    const approval = this.#table.get(id);
    if (!approval) throw unknown("unknown or expired approval id");
    if (approval.status !== "pending") return { applied: false, approval };
    this.#mayAnswer(approval, decision, by);
    const status = decision === "deny" ? "denied" : "allowed";
    const applied = await this.#end(id, status, decision, "user", answer);
    return { applied, approval: this.#table.get(id) ?? approval };
  }

  grants(limit = 200): readonly ApprovalGrant[] {
    return this.#table.grants(limit);
  }

  async revoke(grantId: string, by: Principal): Promise<"revoked" | "already-revoked" | "not-found"> {
    const { store, clock, audit } = this.#options;
    return store.commit(() => {
      if (!this.#table.grant(grantId)) return "not-found";
      if (!this.#table.revoke(grantId, nameOf(by), clock.now())) return "already-revoked";
      audit.record({ kind: "decision", principal: by, subject: grantId, data: { approval: "grant revoked" } });
      return "revoked";
    });
  }

  /** A yes that covers `wanted` and was not used yet, taken; else a standing permission. @returns the approval it rests on */
  async take(
    wanted: BoundCommand,
    principal: Principal,
  ): Promise<{ id: string; decision: ApprovalDecision } | undefined> {
    const { store, clock } = this.#options;
    const by = nameOf(principal);
    return store.commit(() => {
      const now = clock.now();
      for (const { id, bound, decision = "allow-once" } of this.#table.unused(by, now - USE_WITHIN_MS)) {
        if (covers(bound, wanted) && this.#table.use(id, now)) return { id, decision };
      }
      const grant = this.#table.useGrant(digestOf(wanted), by, now);
      return grant && { id: grant.approvalId, decision: "allow-always" as const };
    });
  }

  /** Takes this very yes. @returns false when it was taken before */
  use(id: string): Promise<boolean> {
    const { store, clock } = this.#options;
    return store.commit(() => this.#table.use(id, clock.now()));
  }

  /** Nobody says yes to themselves, unless the household wants that; and when reviewers are named, only they answer. */
  #mayAnswer(approval: Approval, decision: ApprovalDecision, by: Principal): void {
    const reviewers = approval.request.approvalReviewerDeviceIds;
    if (Array.isArray(reviewers) && reviewers.length > 0 && !reviewers.includes(by.id)) {
      throw new BarnacleError("FORBIDDEN", "this approval is for other reviewers");
    }
    if (decision === "deny" || nameOf(by) !== approval.requestedBy || this.#options.settings().selfApprove) return;
    throw new BarnacleError("FORBIDDEN", "whoever asked for an approval cannot give it", {
      hint: "Answer from another device, or set approvals.selfApprove in the configuration.",
    });
  }

  #expireLater({ id, expiresAtMs }: Approval): void {
    const { clock } = this.#options;
    const cancel = clock.after(Math.max(0, expiresAtMs - clock.now()), () => {
      this.#end(id, "expired", null, "timeout").catch(() => {
        // The store is closing; the next start finds the question past its time and ends it then.
      });
    });
    this.#timers.set(id, cancel);
  }

  /** The first end counts. @returns whether this was it */
  async #end(
    id: string,
    status: Exclude<Approval["status"], "pending">,
    decision: ApprovalDecision | null,
    reason: string,
    answer?: ApprovalAnswer,
  ): Promise<boolean> {
    const { clock } = this.#options;
    const before = this.#table.get(id);
    if (!before) return false;
    const by: Principal = answer?.by ?? { kind: "system", id: "approvals" };
    const resolver = answer ? nameOf(answer.by) : null;
    const applied = await this.#commit(before, by, status, () => {
      const first = this.#table.settle(id, { status, decision, reason, resolver, at: clock.now() });
      if (first && answer?.decision === "allow-always") this.#mint(before, answer);
      return first;
    });
    this.#timers.get(id)?.();
    this.#timers.delete(id);
    const approval = this.#table.get(id) as StoredApproval;
    this.#waiting.get(id)?.resolve(approval);
    this.#waiting.delete(id);
    if (applied) this.events.emit("resolved", { approval });
    return applied;
  }

  /** Only for a command on a named node: a line of text alone could mean anything anywhere. */
  #mint({ id, bound, digest, request, requestedBy }: StoredApproval, { grantExpiresInDays }: ApprovalAnswer): void {
    if (bound.nodeId === null) return;
    const { clock, random } = this.#options;
    const createdAtMs = clock.now();
    this.#table.addGrant(
      {
        ...{ grantId: random.uuid(), approvalId: id, nodeId: bound.nodeId, commandText: bound.text, cwd: bound.cwd },
        ...{ agentId: typeof request.agentId === "string" ? request.agentId : null, requestedBy, createdAtMs },
        expiresAtMs: grantExpiresInDays === undefined ? null : createdAtMs + grantExpiresInDays * DAY_MS,
        ...{ revokedAtMs: null, revokedBy: null, lastUsedAtMs: null, useCount: 0 },
      },
      digest,
    );
  }

  /** The change and its audit record, together. */
  #commit<T>(approval: StoredApproval, principal: Principal, what: string, change: () => T): Promise<T> {
    const { store, audit } = this.#options;
    const { id, bound, digest, requestedBy } = approval;
    return store.commit(() => {
      const result = change();
      if (result === false) return result;
      const data = { approval: what, approvalId: id, command: bound.text, digest, requestedBy };
      audit.record({ kind: "decision", principal, subject: bound.nodeId ?? "any node", data });
      return result;
    });
  }
}

function unknown(message: string): BarnacleError {
  return new BarnacleError("APPROVAL_UNKNOWN", message, { details: { reason: "APPROVAL_NOT_FOUND" } });
}

function cursorOf(cursor: string): { at: number; id: string } {
  const found = /^(\d{1,16}) (.{1,200})$/.exec(cursor);
  if (found) return { at: Number(found[1]), id: String(found[2]) };
  throw new BarnacleError("INPUT_INVALID", "invalid approval.history cursor");
}
