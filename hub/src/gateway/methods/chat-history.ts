import type { JsonObject } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { SessionRecord, TranscriptMessage } from "../../services.ts";
import { messageView, sessionDefaults, sessionRow } from "../session-views.ts";
import { commandEntries } from "./commands.ts";
import type { MethodContext } from "./method.ts";
import { modelEntries } from "./models.ts";
import { AgentId, Count, Key, keyOf } from "./session-params.ts";

/** Source: gateway protocol 3, `chat.history`. */
const LIMIT = 200;
const MAX_BYTES = 6 * 1024 * 1024;

export const HistoryParams = Type.Object({
  sessionKey: Key,
  agentId: AgentId,
  limit: Count(1000),
  maxBytes: Type.Optional(Type.Integer({ minimum: 1 })),
  maxChars: Count(1_000_000),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  cursor: Type.Optional(Type.String({ maxLength: 200 })),
});

interface History {
  readonly sessionKey: string;
  readonly agentId?: string;
  readonly limit?: number;
  readonly maxBytes?: number;
  readonly maxChars?: number;
  readonly offset?: number;
  readonly cursor?: string;
}

/** The newest messages, or with a cursor what came since. */
export function chatHistory(params: History, context: MethodContext): JsonObject {
  const { hub } = context;
  const key = keyOf(params.sessionKey, params.agentId, context);
  const session = hub.sessions.get(key);
  if (params.cursor !== undefined) return delta(params, params.cursor, session, context);
  const { limit = LIMIT, offset = 0 } = params;
  const { messages, total } = hub.sessions.history(key, { limit, offset });
  const shown = fitting(messages, params);
  const hasMore = offset + shown.length < total;
  const levels = session?.settings ?? {};
  return {
    sessionKey: params.sessionKey,
    ...(session ? { sessionId: session.sessionId, deltaCursor: cursorOf(session) } : {}),
    messages: shown.map((message) => bounded(messageView(message), params.maxChars)),
    pendingInputs: pendingInputs(key, context),
    ...{ hasMore, totalMessages: total, ...(offset > 0 ? { offset } : {}) },
    ...(hasMore ? { nextOffset: offset + shown.length } : {}),
    defaults: sessionDefaults(hub),
    sessionInfo: session ? sessionRow(hub, session, { derivedTitle: true, lastMessage: true }) : emptyRow(key, context),
    thinkingLevel: String(levels.thinkingLevel ?? "off"),
    ...(levels.verboseLevel === undefined ? {} : { verboseLevel: levels.verboseLevel }),
    ...inFlight(key, context),
  };
}

/** History and everything that a chat page needs beside it, in one call. */
export function chatStartup(params: History, context: MethodContext): JsonObject {
  return { ...chatHistory(params, context), metadata: chatMetadata(context) };
}

export function chatMetadata({ hub }: Pick<MethodContext, "hub">): JsonObject {
  return { commands: commandEntries(), models: modelEntries(hub), swarmEnabled: false };
}

function delta(params: History, cursor: string, session: SessionRecord | undefined, context: MethodContext) {
  const { hub } = context;
  const [, sessionId, seq] = /^(.+)\.(\d+)$/.exec(cursor) ?? [];
  if (!session || session.sessionId !== sessionId) return { kind: "reset" };
  const { limit = 1000 } = params;
  const { messages } = hub.sessions.history(session.key, { limit, after: Number(seq) });
  // Some that came since do not fit: what is shown would have a hole.
  if (messages.length === limit && (messages[0]?.seq ?? 0) > Number(seq) + 1) return { kind: "reset" };
  return {
    kind: "delta",
    messages: messages.map((message) => bounded(messageView(message), params.maxChars)),
    deltaCursor: cursorOf(session),
    pendingInputs: pendingInputs(session.key, context),
    sessionInfo: sessionRow(hub, session, { derivedTitle: true, lastMessage: true }),
    ...inFlight(session.key, context),
  };
}

/** Cut from the front until the rest fits; the newest always stays. */
function fitting(messages: readonly TranscriptMessage[], { maxBytes = MAX_BYTES }: History): TranscriptMessage[] {
  let left = Math.min(maxBytes, MAX_BYTES);
  const kept: TranscriptMessage[] = [];
  for (const message of messages.toReversed()) {
    left -= Buffer.byteLength(JSON.stringify(message.message));
    if (left < 0 && kept.length > 0) break;
    kept.unshift(message);
  }
  return kept;
}

/** Texts of a message shortened to what the client wants to see. */
export function bounded(message: JsonObject, maxChars: number | undefined): JsonObject {
  if (maxChars === undefined || !Array.isArray(message.content)) return message;
  const content = message.content.map((part) => {
    const piece = part as JsonObject;
    if (typeof piece.text !== "string" || piece.text.length <= maxChars) return piece;
    return { ...piece, text: `${piece.text.slice(0, maxChars)}…`, truncated: true };
  });
  return { ...message, content };
}

function cursorOf({ sessionId, lastSeq }: SessionRecord): string {
  return `${sessionId}.${lastSeq}`;
}

function pendingInputs(key: string, { hub }: MethodContext): JsonObject {
  const items = hub.runs.waiting(key).map(({ runId, message, acceptedAt }) => ({
    ...{ id: runId, runId, acceptedAt, state: "queued" },
    message: { role: "user", content: [{ type: "text", text: message }], timestamp: acceptedAt },
  }));
  return { items, total: items.length };
}

function inFlight(key: string, { hub }: MethodContext): JsonObject {
  const run = hub.runs.underWay(key);
  return run ? { inFlightRun: { runId: run.runId, text: run.text, startedAt: run.startedAt } } : {};
}

/** Of a session that is not there yet; the first message makes it. */
function emptyRow(key: string, { hub }: MethodContext): JsonObject {
  const { provider, id } = hub.models.default;
  const [, agentId = ""] = key.split(":");
  return {
    ...{ key, agentId, kind: "direct", isMain: key === `agent:${agentId}:main`, updatedAt: null },
    ...{ hasActiveRun: false, activeRunIds: [], modelProvider: provider, model: id, visibility: "shared" },
  };
}
