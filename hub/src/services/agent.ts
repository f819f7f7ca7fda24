import type { ErrorShape } from "@barnacle/protocol/errors";
import type { Events } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Principal } from "./principal.ts";

/** Where a message came from. */
export type RunSource = "chat" | "agent" | "voice" | "cron" | "hook" | "channel" | "heartbeat" | "node" | "http";

/** What a message that arrives while its session is busy does: wait its turn, join what waits, or end what runs. */
export type QueueMode = "followup" | "collect" | "steer" | "interrupt";

export interface RunAttachment {
  readonly mimeType: string;
  readonly fileName?: string;
  /** Base64. */
  readonly content: string;
}

/** One message to an agent. */
export interface RunRequest {
  /** The idempotency key as well: a second start under it is the first one. */
  readonly runId: string;
  /** Any form that `Sessions.canonical` takes; events carry the canonical one. */
  readonly sessionKey: string;
  readonly message: string;
  readonly attachments?: readonly RunAttachment[];
  readonly source: RunSource;
  /** Commands of the run are asked of the policy in this name. */
  readonly principal: Principal;
  readonly agentId?: string;
  readonly thinking?: string;
  readonly model?: string;
  /** The reply is sent to the channel and recipient that `origin` names, once per run. */
  readonly deliver?: boolean;
  /** As if said there. */
  readonly room?: string;
  readonly timeoutMs?: number;
  readonly extraSystemPrompt?: string;
  readonly queueMode?: QueueMode;
  /** A restarted hub begins it again instead of ending it as an error: only for what may be done twice. */
  readonly repeatable?: boolean;
  /** Kept with the message in the transcript: a channel's sender, a job's name. */
  readonly origin?: JsonObject;
}

export interface RunUsage {
  readonly input: number;
  readonly output: number;
  readonly total: number;
}

export interface RunOutcome {
  readonly status: "ok" | "error" | "timeout" | "aborted";
  readonly text?: string;
  readonly error?: ErrorShape;
  /** Canonical. */
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly usage?: RunUsage;
  readonly model?: string;
  readonly provider?: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface StartedRun {
  readonly runId: string;
  /** False: it ran or runs already. */
  readonly created: boolean;
  readonly sessionKey: string;
  readonly sessionId: string;
  /** Never rejects: a failure is an outcome. */
  readonly done: Promise<RunOutcome>;
}

/** Runs of agents under way and just ended. The message of a run is in its session's transcript when `start` resolves. */
export interface AgentRuns {
  readonly events: Events<AgentRunEvents>;
  /** @throws INPUT_INVALID, NOT_FOUND (no such agent), FORBIDDEN (the session's send policy), RATE_LIMITED (too many wait) */
  start(request: RunRequest): Promise<StartedRun>;
  /** Ends one run, or every run of a session. @returns the ids of those that were ended */
  abort(which: {
    readonly runId?: string;
    readonly sessionKey?: string;
    readonly reason?: "rpc" | "stop";
  }): readonly string[];
  /** Undefined when it has not ended by then; runs that ended are remembered for ten minutes. @throws NOT_FOUND */
  wait(runId: string, timeoutMs: number): Promise<RunOutcome | undefined>;
  /** Ids of the runs of a session that are under way or wait for their turn. */
  active(sessionKey?: string): readonly string[];
  /** The run that a session is answering, with what it has said so far. */
  underWay(
    sessionKey: string,
  ): { readonly runId: string; readonly text: string; readonly startedAt: number } | undefined;
  /** Messages that wait for their turn and are not in the transcript yet. */
  waiting(
    sessionKey: string,
  ): readonly { readonly runId: string; readonly message: string; readonly acceptedAt: number }[];
}

export interface AgentRunEvents {
  agent: AgentEvent;
  chat: ChatEvent;
}

/** `agent` on the gateway's wire. `seq` counts per run from 1. */
export interface AgentEvent {
  readonly runId: string;
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly agentId: string;
  readonly seq: number;
  readonly ts: number;
  readonly stream: "lifecycle" | "assistant" | "tool" | "usage";
  readonly data: JsonObject;
}

export interface ChatMessage {
  readonly role: "assistant";
  readonly content: readonly { readonly type: "text"; readonly text: string }[];
  readonly timestamp: number;
}

/** `chat` on the gateway's wire: derived from the agent events of a run, deltas at most each 150 ms. */
export interface ChatEvent {
  readonly runId: string;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly seq: number;
  readonly state: "delta" | "final" | "aborted" | "error";
  /** All text so far; absent from a final without text. */
  readonly message?: ChatMessage;
  /** With `delta`: what came since the last. */
  readonly deltaText?: string;
  readonly stopReason?: string;
  readonly usage?: RunUsage;
  readonly errorMessage?: string;
  readonly errorKind?: string;
}
