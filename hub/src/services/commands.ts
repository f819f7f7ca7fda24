import type { CommandRequest, CommandResult, JsonObject } from "@barnacle/protocol/schema";
import type { Decision } from "./policy.ts";
import type { Principal } from "./principal.ts";

/** A transport that reaches devices. The commands part sends through whichever link holds the device. */
export interface DeviceLink {
  readonly transport: "mqtt" | "websocket";
  /** Its devices keep a journal by idempotency key: sent again, a command is not executed again. */
  readonly executesOnce: boolean;
  isConnected(deviceId: string): boolean;
  /** Resolves with the device's result. @throws DEVICE_OFFLINE, COMMAND_TIMEOUT */
  send(deviceId: string, request: CommandRequest): Promise<CommandResult>;
  /** Closes the device's connection, at once. */
  kick(deviceId: string, reason: string): void;
}

export interface CommandCall {
  readonly deviceId: string;
  readonly command: string;
  readonly params: JsonObject;
  readonly idempotencyKey: string;
  readonly principal: Principal;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  readonly turnId?: string;
}

export interface CommandOutcome {
  readonly commandId: string;
  readonly deviceId: string;
  readonly command: string;
  readonly payload: JsonObject;
  readonly durationMs: number;
  /** The key was used before; this is the stored outcome. */
  readonly duplicate: boolean;
  readonly decision: Decision;
  /** Time spent deciding and on the wire, for the turn's spans. */
  readonly policyMs: number;
}

/** The single door to every device: policy, audit, journal, link, audit again. */
export interface Commands {
  /** @throws POLICY_DENIED, AUDIT_UNWRITABLE, DEVICE_UNKNOWN, DEVICE_OFFLINE, COMMAND_UNKNOWN, COMMAND_TIMEOUT, COMMAND_OUTCOME_UNKNOWN, and the node's own errors */
  invoke(call: CommandCall): Promise<CommandOutcome>;
}

/** What can be known of a command without sending it. */
export interface CommandOutlook {
  /** What the policy would say; nothing is recorded. */
  decide(call: CommandCall): Decision;
  /** The device that a command with this key was sent to, whatever came of it; the newest when there were several. */
  sentTo(idempotencyKey: string): string | undefined;
}

/** One command of the journal, as it is told to operators: without its parameters and results. */
export interface LedgerEntry {
  readonly commandId: string;
  readonly deviceId: string;
  readonly command: string;
  readonly status: "running" | "done" | "failed" | "unknown";
  readonly errorMessage?: string;
  readonly principal: string;
  readonly turnId?: string;
  readonly startedAt: number;
  readonly finishedAt?: number;
}

/** What was sent to devices in the last days. */
export interface CommandLedger {
  /** Newest first; `before` is the place of the last one that was told. */
  list(query: {
    readonly statuses?: readonly LedgerEntry["status"][] | undefined;
    readonly limit: number;
    readonly before?: { readonly startedAt: number; readonly commandId: string } | undefined;
  }): readonly LedgerEntry[];
  entry(commandId: string): LedgerEntry | undefined;
}
