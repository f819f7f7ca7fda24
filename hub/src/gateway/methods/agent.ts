import { BarnacleError } from "@barnacle/protocol/errors";
import { type Static, Type } from "@sinclair/typebox";
import type { RunOutcome } from "../../services.ts";
import { Attachments, pictures } from "./attachments.ts";
import { type Method, type MethodContext, method } from "./method.ts";
import { AgentId, Flag, Key, keyOf, maybe } from "./session-params.ts";

const Word = maybe(Type.String({ maxLength: 500 }));
const WAIT_MS = 30_000;

const AgentParams = Type.Object({
  message: Type.String({ minLength: 1 }),
  idempotencyKey: Key,
  agentId: AgentId,
  sessionKey: maybe(Type.String({ maxLength: 512 })),
  sessionId: maybe(Type.String({ maxLength: 200 })),
  to: Word,
  channel: Word,
  thinking: Word,
  provider: Word,
  model: Word,
  deliver: Flag,
  attachments: Attachments,
  /** Seconds. */
  timeout: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
  extraSystemPrompt: maybe(Type.String({ maxLength: 50_000 })),
  label: Word,
});
type AgentParams = Static<typeof AgentParams>;

export const agentMethods: readonly Method[] = [
  method({
    name: "agent",
    access: "write",
    params: AgentParams,
    run: (params, context) => run(params, context),
  }),
  method({
    name: "agent.wait",
    access: "write",
    params: Type.Object({ runId: Key, timeoutMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600_000 })) }),
    run: ({ runId, timeoutMs = WAIT_MS }, context) => wait(runId, timeoutMs, context),
  }),
];

/** Answers twice: when the message is on disk, and when the run has ended. */
async function run(params: AgentParams, context: MethodContext) {
  const { hub, caller, accept } = context;
  const { message, idempotencyKey: runId, thinking, deliver, timeout, extraSystemPrompt, label } = params;
  const { channel, to } = params;
  // Said now, not when the answer is there and cannot be sent.
  if (deliver && channel) hub.channels.get(channel);
  const key = await sessionOf(params, context);
  const started = await hub.runs.start({
    ...{ runId, sessionKey: key, message, source: "agent", principal: caller.principal },
    attachments: pictures(params.attachments),
    ...(thinking ? { thinking } : {}),
    ...(params.model ? { model: params.provider ? `${params.provider}/${params.model}` : params.model } : {}),
    ...(deliver === undefined ? {} : { deliver }),
    ...(timeout ? { timeoutMs: timeout * 1000 } : {}),
    ...(extraSystemPrompt ? { extraSystemPrompt } : {}),
    ...(channel || to ? { origin: { ...(channel ? { channel } : {}), ...(to ? { to } : {}) } } : {}),
  });
  if (label) await hub.sessions.patch(started.sessionKey, { label });
  const [, agentId = ""] = started.sessionKey.split(":");
  accept({ runId, agentId, status: "accepted", acceptedAt: hub.clock.now() });
  return finalAnswer(runId, await started.done);
}

function finalAnswer(runId: string, outcome: RunOutcome) {
  const { status, error, text, startedAt, endedAt, sessionId, sessionKey, usage, provider, model } = outcome;
  if (status === "error" || status === "timeout") {
    const code = error?.code ?? "INTERNAL";
    throw new BarnacleError(code, error?.message ?? "the run failed", {
      details: { runId, status, summary: "failed" },
    });
  }
  const aborted = status === "aborted";
  return {
    ...{ runId, status: "ok", summary: aborted ? "aborted" : "completed" },
    result: {
      payloads: text === undefined ? [] : [{ text, mediaUrl: null }],
      meta: {
        ...{ durationMs: endedAt - startedAt, aborted },
        agentMeta: {
          ...{ sessionId, sessionKey, provider: provider ?? "barnacle", model: model ?? "home" },
          usage: {
            input: usage?.input ?? 0,
            output: usage?.output ?? 0,
            cacheRead: 0,
            cacheWrite: 0,
            total: usage?.total ?? 0,
          },
        },
      },
    },
  };
}

/** By key, else by the id of a session (which is made when nobody has it), else the main one. */
async function sessionOf(params: AgentParams, context: MethodContext): Promise<string> {
  const { hub } = context;
  const { agentId, sessionKey, sessionId } = params;
  if (agentId !== undefined) hub.agents.get(agentId);
  if (sessionKey) {
    const key = keyOf(sessionKey, agentId, context);
    if (agentId !== undefined && key.split(":")[1] !== agentId.toLowerCase()) {
      throw new BarnacleError("INPUT_INVALID", `agent "${agentId}" does not match session key ${key}`);
    }
    return key;
  }
  if (!sessionId) return hub.sessions.canonical(undefined, agentId);
  const [known] = hub.sessions.find({ sessionId, ...(agentId === undefined ? {} : { agentId }) });
  if (known) return known.key;
  const key = hub.sessions.canonical(`explicit:${sessionId}`, agentId);
  await hub.sessions.ensure(key, { via: "agent", sessionId });
  return key;
}

/** A run that nobody knows may be about to start; that is waited for as well. */
async function wait(runId: string, timeoutMs: number, context: MethodContext) {
  const { hub } = context;
  let outcome: RunOutcome | undefined;
  try {
    outcome = await hub.runs.wait(runId, timeoutMs);
  } catch (error) {
    if (!(error instanceof BarnacleError) || error.code !== "NOT_FOUND") throw error;
    const left = await begun(runId, timeoutMs, context);
    outcome = await hub.runs.wait(runId, left).catch(() => undefined);
  }
  if (!outcome) return { runId, status: "timeout" };
  const { status, error, startedAt, endedAt } = outcome;
  const said = error?.message ?? (status === "aborted" ? "aborted" : undefined);
  return {
    ...{ runId, status: status === "ok" ? "ok" : status === "timeout" ? "timeout" : "error", startedAt, endedAt },
    ...(said === undefined ? {} : { error: said }),
  };
}

/** Until something is heard of the run, the time is up, or the caller has gone. @returns milliseconds that are left */
async function begun(runId: string, timeoutMs: number, { hub, peer }: MethodContext): Promise<number> {
  const until = hub.clock.monotonic() + timeoutMs;
  const owner = {};
  const { promise: heard, resolve } = Promise.withResolvers<number>();
  const hear = (event: { readonly runId: string }): void => {
    if (event.runId === runId) resolve(Math.max(0, until - hub.clock.monotonic()));
  };
  hub.runs.events.on("agent", hear, owner);
  hub.runs.events.on("chat", hear, owner);
  const cancel = hub.clock.after(timeoutMs, () => resolve(0));
  try {
    return await Promise.race([heard, peer.ended.then(() => 0)]);
  } finally {
    cancel();
    hub.runs.events.dropOwner(owner);
  }
}
