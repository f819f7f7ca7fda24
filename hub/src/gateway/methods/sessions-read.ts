import { BarnacleError } from "@barnacle/protocol/errors";
import { type Static, Type } from "@sinclair/typebox";
import type { SessionQuery, SessionRecord, TranscriptMessage } from "../../services.ts";
import { shortened, textOf } from "../../sessions/index.ts";
import { messageView, type RowOptions, sessionDefaults, sessionRow } from "../session-views.ts";
import { type Method, type MethodContext, method } from "./method.ts";
import { AgentId, Count, Flag, Key, keyOf, Text } from "./session-params.ts";

const MINUTE = 60_000;
const PREVIEW_KEYS = 64;

export const ListParams = Type.Object({
  limit: Count(10_000),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  activeMinutes: Count(1_000_000),
  sortBy: Text,
  includeGlobal: Flag,
  includeUnknown: Flag,
  includeDerivedTitles: Flag,
  includeLastMessage: Flag,
  label: Text,
  spawnedBy: Text,
  agentId: AgentId,
  search: Text,
  archived: Type.Optional(Type.Union([Type.Boolean(), Type.Literal("all")])),
});
type ListParams = Static<typeof ListParams>;

export const sessionReadMethods: readonly Method[] = [
  method({
    name: "sessions.list",
    access: "read",
    params: Type.Union([ListParams, Type.Null()]),
    run: (params, context) => sessionList(params ?? {}, context),
  }),
  method({
    name: "sessions.describe",
    access: "read",
    params: Type.Object({ key: Key, agentId: AgentId, includeDerivedTitles: Flag, includeLastMessage: Flag }),
    run({ key: given, agentId, ...wanted }, context) {
      const session = context.hub.sessions.get(keyOf(given, agentId, context));
      return { session: session ? sessionRow(context.hub, session, rowOptions(wanted)) : null };
    },
  }),
  method({
    name: "sessions.get",
    access: "read",
    params: Type.Object({ key: Key, agentId: AgentId, limit: Count(1000) }),
    run({ key: given, agentId, limit = 200 }, context) {
      const key = keyOf(given, agentId, context);
      return { messages: context.hub.sessions.history(key, { limit }).messages.map(messageView) };
    },
  }),
  method({
    name: "sessions.preview",
    access: "read",
    params: Type.Object({
      keys: Type.Array(Key, { minItems: 1, maxItems: 1000 }),
      limit: Count(100),
      maxChars: Type.Optional(Type.Integer({ minimum: 20, maximum: 10_000 })),
    }),
    run: ({ keys, limit = 12, maxChars = 240 }, { hub }) => ({
      ts: hub.clock.now(),
      previews: keys.slice(0, PREVIEW_KEYS).map((key) => {
        if (!hub.sessions.get(key)) return { key, status: "missing", items: [] };
        const items = hub.sessions.history(key, { limit }).messages.flatMap((one) => previewItem(one, maxChars));
        return { key, status: items.length === 0 ? "empty" : "ok", items };
      }),
    }),
  }),
  method({
    name: "sessions.resolve",
    access: "read",
    params: Type.Object({
      key: Type.Optional(Key),
      sessionId: Type.Optional(Key),
      label: Type.Optional(Key),
      agentId: AgentId,
      allowMissing: Flag,
    }),
    run: (params, context) => resolve(params, context),
  }),
  method({
    name: "sessions.search",
    access: "read",
    support: { partial: "finds in names and in the newest words of each session, not in whole transcripts" },
    params: Type.Object({ query: Type.String({ minLength: 1, maxLength: 500 }), agentId: AgentId, limit: Count(100) }),
    run({ query, agentId, limit = 20 }, { hub }) {
      const { sessions } = hub.sessions.list({ search: query, limit, ...(agentId === undefined ? {} : { agentId }) });
      return { results: sessions.flatMap((session) => hit(session, hub.sessions.history(session.key, { limit: 1 }))) };
    },
  }),
];

export function sessionList(params: ListParams, { hub }: Pick<MethodContext, "hub">) {
  const limit = Math.min(params.limit ?? 500, 500);
  const { offset = 0, activeMinutes } = params;
  const query: SessionQuery = {
    ...{ limit, offset, sortBy: params.sortBy === "lastInteractionAt" ? "lastInteractionAt" : "updatedAt" },
    ...(params.agentId === undefined ? {} : { agentId: params.agentId }),
    ...(params.label === undefined ? {} : { label: params.label }),
    ...(params.search === undefined ? {} : { search: params.search }),
    ...(params.spawnedBy === undefined ? {} : { spawnedBy: params.spawnedBy }),
    ...(params.archived === undefined ? {} : { archived: params.archived }),
    ...(params.includeGlobal === undefined ? {} : { includeGlobal: params.includeGlobal }),
    ...(params.includeUnknown === undefined ? {} : { includeUnknown: params.includeUnknown }),
    ...(activeMinutes === undefined ? {} : { activeSince: hub.clock.now() - activeMinutes * MINUTE }),
  };
  const { sessions, total } = hub.sessions.list(query);
  const hasMore = offset + sessions.length < total;
  return {
    ...{ ts: hub.clock.now(), path: "(database)", count: sessions.length, totalCount: total, limitApplied: limit },
    ...{ offset, hasMore, nextOffset: hasMore ? offset + sessions.length : null, owners: [] },
    defaults: sessionDefaults(hub),
    sessions: sessions.map((session) => sessionRow(hub, session, rowOptions(params))),
  };
}

function rowOptions(wanted: { includeDerivedTitles?: boolean; includeLastMessage?: boolean }): RowOptions {
  return { derivedTitle: wanted.includeDerivedTitles ?? false, lastMessage: wanted.includeLastMessage ?? false };
}

function previewItem({ role, message }: TranscriptMessage, maxChars: number) {
  const text = textOf(message);
  if (text === "") return [];
  return [{ role: role === "toolResult" ? "tool" : role, text: shortened(text, maxChars) }];
}

interface ResolveParams {
  readonly key?: string;
  readonly sessionId?: string;
  readonly label?: string;
  readonly agentId?: string;
  readonly allowMissing?: boolean;
}

function resolve({ key, sessionId, label, agentId, allowMissing }: ResolveParams, context: MethodContext) {
  const given = [key, sessionId, label].filter((one) => one !== undefined);
  if (given.length > 1) throw invalid("Provide either key, sessionId, or label (not multiple)");
  const wanted = given[0];
  if (wanted === undefined) throw invalid("Either key, sessionId, or label is required");
  const { sessions } = context.hub;
  const about = agentId === undefined ? {} : { agentId };
  const found =
    key === undefined
      ? sessions.find({ ...(label === undefined ? { sessionId: wanted } : { label }), ...about })
      : [sessions.get(keyOf(key, agentId, context))].filter((one) => one !== undefined);
  const [session] = found;
  if (found.length > 1) throw invalid(`Multiple sessions found with ${wanted.slice(0, 80)}`);
  if (session) {
    const { displayName } = session;
    return { ok: true, key: session.key, agentId: session.agentId, ...(displayName ? { displayName } : {}) };
  }
  if (allowMissing) return { ok: false };
  throw new BarnacleError("NOT_FOUND", `No session found: ${wanted.slice(0, 200)}`);
}

function hit({ key }: SessionRecord, { messages }: { messages: readonly TranscriptMessage[] }) {
  const [last] = messages;
  if (!last || (last.role !== "user" && last.role !== "assistant")) return [];
  return [
    {
      ...{ sessionKey: key, sessionId: last.sessionId, messageId: last.id, role: last.role, timestamp: last.at },
      ...{ snippet: shortened(textOf(last.message), 200), score: 1 },
    },
  ];
}

function invalid(text: string): BarnacleError {
  return new BarnacleError("INPUT_INVALID", text);
}
