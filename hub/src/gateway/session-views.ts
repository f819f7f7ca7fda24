import type { JsonObject } from "@barnacle/protocol/schema";
import type { RunStatus, SessionRecord, TranscriptMessage } from "../services.ts";
import { THINKING_LEVELS } from "../sessions/index.ts";
import type { GatewayServices } from "./services.ts";

type SessionServices = Pick<GatewayServices, "runs" | "models" | "clock">;

export interface RowOptions {
  readonly derivedTitle?: boolean;
  readonly lastMessage?: boolean;
}

/** Where a session came from, in the protocol's words. */
const CREATED_VIA: Readonly<Record<string, string>> = {
  ...{ voice: "talk", cron: "cron", channel: "channel", run: "run", heartbeat: "internal", hook: "internal" },
};

/** A session as lists and events show it. Source: gateway protocols 3 and 4, "session row". */
export function sessionRow(hub: SessionServices, session: SessionRecord, options: RowOptions = {}): JsonObject {
  const { key, agentId, settings } = session;
  const activeRunIds = hub.runs.active(key);
  const chosen = hub.models.choose(text(settings.model));
  const { icon, color, category, statusNote, boardFace, ...levels } = settings;
  return {
    ...{ key, agentId, kind: session.kind, sessionId: session.sessionId, isMain: key === `agent:${agentId}:main` },
    ...{ chatType: session.kind === "group" ? "group" : "direct", visibility: "shared", sharingRole: "owner" },
    ...given({
      label: session.label,
      displayName: session.displayName ?? session.label,
      icon,
      color,
      category,
      statusNote,
      boardFace,
    }),
    ...(options.derivedTitle ? given({ derivedTitle: session.title }) : {}),
    ...(options.lastMessage ? given({ lastMessagePreview: session.preview }) : {}),
    ...given({ channel: channelOf(key) }),
    ...{ createdAt: session.createdAt, createdVia: CREATED_VIA[session.createdVia] ?? "operator" },
    ...{ updatedAt: session.updatedAt, lastActivityAt: session.updatedAt, snapshotAt: hub.clock.now() },
    ...given({ lastInteractionAt: session.interactionAt, lastReadAt: session.readAt }),
    ...{
      archived: session.archivedAt !== undefined,
      pinned: session.pinnedAt !== undefined,
      unread: isUnread(session),
    },
    ...given({ archivedAt: session.archivedAt, pinnedAt: session.pinnedAt, markedUnreadAt: session.unreadAt }),
    ...{ hasActiveRun: activeRunIds.length > 0, activeRunIds: [...activeRunIds] },
    ...given({ status: statusOf(session, activeRunIds), lastRunId: session.runId, lastRunError: session.runError }),
    ...{ systemSent: session.lastSeq > 0, abortedLastRun: session.runStatus === "killed" },
    ...{ inputTokens: session.inputTokens, outputTokens: session.outputTokens, totalTokens: session.totalTokens },
    ...{ totalTokensFresh: true, ...given({ contextTokens: chosen.contextTokens }) },
    ...{ modelProvider: chosen.provider, model: chosen.id },
    ...levels,
    ...{
      thinkingLevels: chosen.reasoning ? thinkingLevels() : [],
      agentRuntime: { id: "barnacle", source: "implicit" },
    },
  };
}

/** What a patch or a reset answers with. Source: gateway protocol 3, `sessions.patch`. */
export function sessionEntry(session: SessionRecord): JsonObject {
  const { sessionId, updatedAt, settings, label, inputTokens, outputTokens, totalTokens } = session;
  const { model: _model, ...others } = settings;
  return {
    ...{ sessionId, updatedAt, inputTokens, outputTokens, totalTokens },
    ...given({ label, displayName: session.displayName }),
    ...others,
    ...(typeof settings.model === "string" ? modelOverride(settings.model) : {}),
  };
}

/**
 * A message of a transcript on the wire. By its key a client finds what it sent itself, and no longer shows that beside it.
 * Source: gateway protocol 4, "chat": a run's id is the key of its request.
 */
export function messageView({ id, seq, runId, message }: TranscriptMessage): JsonObject {
  const idempotencyKey = message.role === "user" && runId !== undefined ? `${runId}:user` : undefined;
  return { ...message, __openclaw: { id, seq, ...given({ runId, idempotencyKey }) } };
}

export function sessionDefaults({ models }: Pick<GatewayServices, "models">): JsonObject {
  const { provider, id, contextTokens, reasoning } = models.default;
  return {
    ...{ modelProvider: provider, model: id, contextTokens: contextTokens ?? null },
    ...(reasoning ? { thinkingLevels: thinkingLevels(), thinkingDefault: "off" } : {}),
  };
}

export function thinkingLevels(): { id: string; label: string }[] {
  return THINKING_LEVELS.map((id) => ({ id, label: id }));
}

/** Newer than the owner's last look. */
function isUnread({ unreadAt, readAt = 0 }: SessionRecord): boolean {
  return unreadAt !== undefined && unreadAt > readAt;
}

function statusOf({ runStatus }: SessionRecord, active: readonly string[]): RunStatus | "queued" | undefined {
  return active.length > 0 ? "running" : runStatus;
}

/** `agent:main:telegram:direct:42` → `telegram`. */
function channelOf(key: string): string | undefined {
  const [, , channel, kind] = key.split(":");
  return kind === "direct" || kind === "group" || kind === "channel" || kind === "dm" ? channel : undefined;
}

function modelOverride(ref: string): JsonObject {
  const [provider = "", ...model] = ref.split("/");
  return model.length === 0 ? { modelOverride: ref } : { providerOverride: provider, modelOverride: model.join("/") };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Without the members that are undefined. */
function given(members: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as JsonObject;
}
