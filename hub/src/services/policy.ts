import type { ApplianceAction, ApplianceKind, JsonObject } from "@barnacle/protocol/schema";
import type { Principal } from "./principal.ts";

export interface PolicyRequest {
  readonly principal: Principal;
  /** `command`, `method`, `config`, … */
  readonly action: "command" | "method";
  /** Command or method name. */
  readonly name: string;
  readonly deviceId?: string;
  readonly room?: string;
  readonly params?: JsonObject;
  /** What the command would do to things in the home, when that is known: `{kind: "lock", action: "unlock"}`. */
  readonly appliances?: readonly { readonly kind: ApplianceKind; readonly action: ApplianceAction }[];
}

export interface Decision {
  /** `ask`: yes, once a person with `operator.approvals` says so. */
  readonly effect: "allow" | "ask" | "deny";
  /** The rule that decided: `default-deny`, `home-voice-gpio`, … */
  readonly rule: string;
  readonly reason: string;
  /** An emergency stop forbids it. */
  readonly emergency?: true;
}

/** Every command passes here. Default deny; deny wins; pure, so that it can be explained without being done. */
export interface Policy {
  decide(request: PolicyRequest): Decision;
  /** The decision and, in the order they were asked, every rule with whether it matched and why not. */
  explain(request: PolicyRequest): PolicyExplanation;
}

export interface PolicyExplanation {
  readonly decision: Decision;
  readonly rules: readonly {
    readonly id: string;
    readonly effect: "allow" | "ask" | "deny";
    readonly source: "config" | "built-in";
    readonly matched: boolean;
    readonly why: string;
  }[];
}

export interface AuditEntry {
  readonly kind: "decision" | "outcome" | "pairing" | "config" | "work";
  readonly principal: Principal;
  readonly subject: string;
  /** JSON-safe; secrets are masked before they get here. */
  readonly data: JsonObject;
}

export interface AuditRecord extends AuditEntry {
  readonly seq: number;
  readonly at: number;
  /** SHA-256 hex of the record before it; 64 zeros for the first. */
  readonly previous: string;
  readonly hash: string;
}

/** Append-only, hash-chained. `append` resolves when the record is on disk. */
export interface Audit {
  /** @throws AUDIT_UNWRITABLE */
  append(entry: AuditEntry): Promise<AuditRecord>;
  list(options: { limit?: number; after?: number; before?: number }): Promise<readonly AuditRecord[]>;
  verify(): Promise<
    { ok: true; records: number; head: string } | { ok: false; records: number; seq: number; problem: string }
  >;
}
