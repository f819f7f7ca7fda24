import type { Events } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";

export type SessionKind = "direct" | "group" | "global" | "unknown";
export type RunStatus = "running" | "done" | "failed" | "killed" | "timeout";

/** A conversation as lists show it. Times are milliseconds since 1970. */
export interface SessionRecord {
  /** `agent:<agentId>:<rest>` */
  readonly key: string;
  readonly agentId: string;
  /** Changes when the conversation begins anew. */
  readonly sessionId: string;
  readonly kind: SessionKind;
  /** Unique among all sessions. */
  readonly label?: string;
  readonly displayName?: string;
  readonly createdVia: string;
  /** `thinkingLevel`, `model`, `sendPolicy`, … */
  readonly settings: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Somebody said something. */
  readonly interactionAt?: number;
  readonly readAt?: number;
  readonly unreadAt?: number;
  readonly pinnedAt?: number;
  readonly archivedAt?: number;
  /** Of the newest message of this session id; 0 when there is none. */
  readonly lastSeq: number;
  /** From the first thing that was said. */
  readonly title?: string;
  /** The newest message, shortened. */
  readonly preview?: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly provider?: string;
  readonly model?: string;
  readonly runId?: string;
  readonly runStatus?: RunStatus;
  readonly runError?: string;
}

export interface TranscriptMessage {
  readonly id: string;
  /** From 1 in each session id. */
  readonly seq: number;
  readonly sessionId: string;
  readonly runId?: string;
  readonly role: "user" | "assistant" | "toolResult" | "system";
  /** As it is on the wire, without `__openclaw`: `{role, content, timestamp, …}`. */
  readonly message: JsonObject;
  readonly at: number;
}

export interface SessionQuery {
  readonly agentId?: string;
  readonly label?: string;
  /** The key of the session that had it begun. */
  readonly spawnedBy?: string;
  /** In key, label, names, title and preview. */
  readonly search?: string;
  readonly activeSince?: number;
  readonly archived?: boolean | "all";
  readonly includeGlobal?: boolean;
  readonly includeUnknown?: boolean;
  readonly sortBy?: "updatedAt" | "lastInteractionAt";
  readonly limit?: number;
  readonly offset?: number;
}

export interface HistoryQuery {
  /** Newest first counted: how many of the newest are left out. */
  readonly offset?: number;
  /** Only what came after this `seq`. */
  readonly after?: number;
  readonly limit: number;
}

/** Null clears; `label` and the flags stand beside the settings. */
export interface SessionPatch {
  readonly label?: string | null;
  readonly displayName?: string | null;
  readonly pinned?: boolean;
  readonly archived?: boolean;
  readonly unread?: boolean;
  readonly settings?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface SessionEvents {
  changed: { readonly key: string; readonly reason: string; readonly session?: SessionRecord };
  message: { readonly session: SessionRecord; readonly message: TranscriptMessage };
}

/** What others ask of conversations. */
export interface Sessions {
  /** `main`, a bare key or a canonical one → `agent:<id>:<rest>`. @throws INPUT_INVALID */
  canonical(key: string | undefined, agentId?: string): string;
  /** Text that the next run of the session sees; kept on disk. */
  systemEvent(sessionKey: string, text: string): Promise<void>;
  /** Texts that wait, oldest first. */
  systemEvents(sessionKey: string): readonly string[];
}

/** Conversations in full, for the gateway. Keys are taken in any form. */
export interface SessionBook extends Sessions {
  readonly events: Events<SessionEvents>;
  get(key: string): SessionRecord | undefined;
  /** Newest first. */
  list(query: SessionQuery): { readonly sessions: readonly SessionRecord[]; readonly total: number };
  /** The five that changed last, and how many there are; quick, because health asks at every turn. */
  recent(agentId?: string): { readonly sessions: readonly SessionRecord[]; readonly total: number };
  find(by: { readonly sessionId?: string; readonly label?: string; readonly agentId?: string }): SessionRecord[];
  /** Makes it when it is not there. */
  ensure(key: string, options: { via: string; sessionId?: string; displayName?: string }): Promise<SessionRecord>;
  /** @throws CONFLICT the label is taken · INPUT_INVALID a setting has a value that it cannot have */
  patch(key: string, patch: SessionPatch): Promise<SessionRecord>;
  /** A new session id, counters at zero, settings kept; the transcript goes to an archive. */
  reset(key: string, reason: string): Promise<SessionRecord>;
  /** @returns names of archives @throws FORBIDDEN a main session */
  remove(key: string, options: { keepTranscript: boolean }): Promise<{ deleted: boolean; archived: readonly string[] }>;
  /** Keeps the newest messages, archives the rest. */
  compact(key: string, keep: number): Promise<{ compacted: boolean; kept: number; archived?: string }>;
  /** Oldest first. */
  history(
    key: string,
    query: HistoryQuery,
  ): { readonly messages: readonly TranscriptMessage[]; readonly total: number };
  message(key: string, id: string): TranscriptMessage | undefined;
  /** A message that no run brought. @throws NOT_FOUND no such session */
  inject(key: string, message: JsonObject): Promise<TranscriptMessage>;
  groups(): readonly string[];
  setGroups(names: readonly string[]): Promise<void>;
  counts(): { readonly total: number };
}
