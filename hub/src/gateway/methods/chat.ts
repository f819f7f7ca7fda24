import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { messageView } from "../session-views.ts";
import { Attachments, pictures } from "./attachments.ts";
import { bounded, chatHistory, chatMetadata, chatStartup, HistoryParams } from "./chat-history.ts";
import { type Method, type MethodContext, method } from "./method.ts";
import { AgentId, Count, Flag, Key, keyOf, maybe } from "./session-params.ts";

const Word = maybe(Type.String({ maxLength: 200 }));

const SendParams = Type.Object({
  sessionKey: Key,
  agentId: AgentId,
  message: Type.String(),
  thinking: Word,
  deliver: Flag,
  attachments: Attachments,
  timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })),
  queueMode: Type.Optional(
    Type.Union([Type.Literal("followup"), Type.Literal("collect"), Type.Literal("steer"), Type.Literal("interrupt")]),
  ),
  idempotencyKey: Type.String({ minLength: 1, maxLength: 512 }),
});

interface Send {
  readonly sessionKey: string;
  readonly agentId?: string;
  readonly message: string;
  readonly thinking?: string | null;
  readonly deliver?: boolean;
  readonly attachments?: Parameters<typeof pictures>[0];
  readonly timeoutMs?: number;
  readonly queueMode?: "followup" | "collect" | "steer" | "interrupt";
  readonly idempotencyKey: string;
}

export const chatMethods: readonly Method[] = [
  method({ name: "chat.history", access: "read", params: HistoryParams, run: chatHistory }),
  method({ name: "chat.startup", access: "read", params: HistoryParams, run: chatStartup }),
  method({
    name: "chat.metadata",
    access: "read",
    params: Type.Object({ agentId: AgentId, sessionKey: Type.Optional(Key) }),
    run: (_params, context) => chatMetadata(context),
  }),
  method({
    name: "chat.message.get",
    access: "read",
    params: Type.Object({ sessionKey: Key, agentId: AgentId, messageId: Key, maxChars: Count(10_000_000) }),
    run({ sessionKey, agentId, messageId, maxChars }, context) {
      const found = context.hub.sessions.message(keyOf(sessionKey, agentId, context), messageId);
      if (!found) return { ok: false, unavailableReason: "not_found" };
      return { ok: true, message: bounded(messageView(found), maxChars) };
    },
  }),
  method({
    name: "chat.send",
    access: "write",
    support: { partial: "a message of mode `steer` waits its turn; attachments are images" },
    params: SendParams,
    run: (params, context) => send(params, context),
  }),
  method({
    name: "chat.abort",
    access: "write",
    params: Type.Object({ sessionKey: Key, agentId: AgentId, runId: maybe(Key) }),
    run({ sessionKey, agentId, runId }, context) {
      const { runs } = context.hub;
      const key = keyOf(sessionKey, agentId, context);
      const active = runs.active(key);
      if (runId && !active.includes(runId)) {
        if (runs.active().includes(runId)) throw new BarnacleError("INPUT_INVALID", "runId does not match sessionKey");
        return { ok: true, aborted: false, runIds: [] };
      }
      const runIds = runs.abort(runId ? { runId } : { sessionKey: key });
      return { ok: true, aborted: runIds.length > 0, runIds };
    },
  }),
  method({
    name: "chat.inject",
    access: "admin",
    records: "config",
    recordAs: ({ sessionKey, agentId }) => ({ session: sessionKey, ...(agentId === undefined ? {} : { agentId }) }),
    params: Type.Object({
      sessionKey: Key,
      agentId: AgentId,
      message: Type.String({ minLength: 1, maxLength: 200_000 }),
      label: Word,
    }),
    async run({ sessionKey, agentId, message, label }, context) {
      const { hub } = context;
      const key = keyOf(sessionKey, agentId, context);
      const text = label ? `[${label}]\n\n${message}` : message;
      const content = [{ type: "text" as const, text }];
      const timestamp = hub.clock.now();
      const stored = await hub.sessions.inject(key, {
        ...{ role: "assistant", content, timestamp, stopReason: "injected" },
        ...{ api: "barnacle", provider: "barnacle", model: "injected" },
      });
      hub.runs.events.emit("chat", {
        ...{ runId: `inject-${stored.id}`, sessionKey: key, agentId: key.split(":")[1] ?? "", seq: 0 },
        ...{ state: "final", message: { role: "assistant", content, timestamp }, stopReason: "stop" },
      });
      return { ok: true, messageId: stored.id };
    },
  }),
  method({
    name: "chat.toolTitles",
    access: "write",
    support: { partial: "no titles are made up: tools are shown by their names" },
    params: Type.Unknown(),
    run: () => ({ titles: {}, disabled: true }),
  }),
];

async function send(params: Send, context: MethodContext) {
  const { hub, caller } = context;
  const { message, thinking, deliver, timeoutMs, queueMode, idempotencyKey: runId } = params;
  const key = keyOf(params.sessionKey, params.agentId, context);
  const run = await hub.runs.start({
    ...{ runId, sessionKey: key, message, source: "chat", principal: caller.principal },
    attachments: pictures(params.attachments),
    ...(thinking ? { thinking } : {}),
    ...(deliver === undefined ? {} : { deliver }),
    ...(timeoutMs ? { timeoutMs } : {}),
    ...(queueMode === undefined ? {} : { queueMode }),
  });
  if (run.created) return { runId, status: "started" };
  if (hub.runs.active(run.sessionKey).includes(runId)) return { runId, status: "in_flight" };
  const { error } = await run.done;
  // The answer to a repeated call is what came of the first one.
  if (error) throw new BarnacleError(error.code, error.message, { details: { runId } });
  return { runId, status: "ok" };
}
