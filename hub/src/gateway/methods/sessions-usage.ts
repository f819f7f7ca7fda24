import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import type { SessionRecord } from "../../services.ts";
import { shortened, textOf } from "../../sessions/index.ts";
import { type Method, type MethodContext, method } from "./method.ts";
import { AgentId, Count, Keyed, keyOf, Text } from "./session-params.ts";

const DAY = 24 * 60 * 60 * 1000;
const NO_MONEY = { partial: "counts tokens per session; what they cost is not known here" } as const;

/** Tokens that sessions used. Source: gateway protocol 4, `sessions.usage`. */
export const sessionUsageMethods: readonly Method[] = [
  method({
    name: "sessions.usage",
    access: "read",
    support: NO_MONEY,
    params: Type.Object({
      ...{ key: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })), agentId: AgentId, limit: Count(1000) },
      ...{ startDate: Text, endDate: Text },
    }),
    run({ key, agentId, limit = 50, startDate, endDate }, context) {
      const { hub } = context;
      const today = hub.clock.now();
      const found =
        key === undefined
          ? hub.sessions.list({ archived: "all", ...(agentId === undefined ? {} : { agentId }) }).sessions
          : [hub.sessions.get(keyOf(key, agentId, context))].filter((one) => one !== undefined);
      const sessions = found.slice(0, limit).map((session) => row(session, context));
      const totals = sum(found);
      return {
        ...{ updatedAt: today, startDate: startDate ?? day(today - 30 * DAY), endDate: endDate ?? day(today) },
        ...{ sessions, totals, aggregates: aggregates(found, totals), creatorOptions: [], cacheStatus: "fresh" },
      };
    },
  }),
  method({
    name: "sessions.usage.timeseries",
    access: "read",
    support: { partial: "one point for each answer of the session's present transcript" },
    params: Keyed,
    run({ key, agentId }, context) {
      const session = known(key, agentId, context);
      const { messages } = context.hub.sessions.history(session.key, { limit: 200 });
      let cumulativeTokens = 0;
      const points = messages
        .filter(({ role }) => role === "assistant")
        .map(({ at, message }) => {
          const usage = message.usage as { input?: number; output?: number; totalTokens?: number } | undefined;
          const totalTokens = usage?.totalTokens ?? 0;
          cumulativeTokens += totalTokens;
          return {
            ...{ timestamp: at, input: usage?.input ?? 0, output: usage?.output ?? 0, cacheRead: 0, cacheWrite: 0 },
            ...{ totalTokens, cost: 0, cumulativeTokens, cumulativeCost: 0 },
          };
        });
      return { sessionId: session.sessionId, points };
    },
  }),
  method({
    name: "sessions.usage.logs",
    access: "read",
    params: Type.Object({ ...Keyed.properties, limit: Count(1000) }),
    run({ key, agentId, limit = 200 }, context) {
      const session = known(key, agentId, context);
      const { messages } = context.hub.sessions.history(session.key, { limit });
      const logs = messages.map(({ at, role, message }) => ({
        ...{ timestamp: at, role, content: shortened(textOf(message), 2000) },
      }));
      return { logs };
    },
  }),
];

function known(key: string, agentId: string | undefined, context: MethodContext): SessionRecord {
  const session = context.hub.sessions.get(keyOf(key, agentId, context));
  if (session) return session;
  throw new BarnacleError("NOT_FOUND", `No transcript found for session: ${key.slice(0, 200)}`);
}

function row(session: SessionRecord, { hub }: MethodContext) {
  const { key, label, sessionId, updatedAt, agentId, settings } = session;
  const model = hub.models.choose(typeof settings.model === "string" ? settings.model : undefined);
  return {
    ...{ key, sessionId, updatedAt, agentId, scope: "instance", ...(label === undefined ? {} : { label }) },
    ...{ modelProvider: session.provider ?? model.provider, model: session.model ?? model.id },
    usage: {
      ...sum([session]),
      firstActivity: session.createdAt,
      lastActivity: updatedAt,
      messageCounts: counts([session]),
    },
  };
}

function sum(sessions: readonly SessionRecord[]) {
  const input = total(sessions, "inputTokens");
  const output = total(sessions, "outputTokens");
  return {
    ...{ input, output, cacheRead: 0, cacheWrite: 0, totalTokens: input + output },
    ...{ totalCost: 0, inputCost: 0, outputCost: 0, cacheReadCost: 0, cacheWriteCost: 0, missingCostEntries: 0 },
  };
}

function aggregates(sessions: readonly SessionRecord[], totals: ReturnType<typeof sum>) {
  return {
    ...{
      sessionCount: sessions.length,
      messages: counts(sessions),
      tools: { totalCalls: 0, uniqueTools: 0, tools: [] },
    },
    ...{ byModel: [], byProvider: [], byAgent: [], byChannel: [], byCreator: [], totals },
    ...{ costDaily: [], dailyLatency: [], modelDaily: [], daily: [] },
  };
}

function counts(sessions: readonly SessionRecord[]) {
  const all = total(sessions, "lastSeq");
  return { total: all, user: 0, assistant: 0, toolCalls: 0, toolResults: 0, errors: 0 };
}

function total(sessions: readonly SessionRecord[], member: "inputTokens" | "outputTokens" | "lastSeq"): number {
  return sessions.reduce((sum, session) => sum + session[member], 0);
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
