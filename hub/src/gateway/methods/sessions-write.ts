import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";
import type { QueueMode, RunRequest, SessionPatch } from "../../services.ts";
import { SETTING_NAMES } from "../../sessions/index.ts";
import { sessionEntry } from "../session-views.ts";
import { Attachments, pictures } from "./attachments.ts";
import { type Access, type Method, type MethodContext, method, type Support } from "./method.ts";
import { AgentId, Count, Flag, Key, Keyed, keyOf, maybe, Text } from "./session-params.ts";

const PATH = "(database)";
/** How much of a transcript a compaction keeps. Source: gateway protocol 3, `sessions.compact`. */
const KEEP = 400;
const DELETE_PATIENCE_MS = 15_000;

const Setting = maybe(Type.Union([Type.String({ maxLength: 500 }), Type.Boolean(), Type.Number()]));
const Patch = Type.Object({
  label: maybe(Type.String({ minLength: 1, maxLength: 200 })),
  displayName: maybe(Type.String({ minLength: 1, maxLength: 200 })),
  pinned: Flag,
  archived: Flag,
  unread: Flag,
  ...Object.fromEntries(SETTING_NAMES.map((name) => [name, Setting])),
});
type Patch = Static<typeof Patch> & Readonly<Record<string, unknown>>;

/** What decides over commands and delivery is for administrators, the rest for everyone who may write. */
const GUARDED = new Set(
  "execHost execSecurity execAsk execNode elevatedLevel sendPolicy permissionMode spawnedBy".split(" "),
);

export const sessionWriteMethods: readonly Method[] = [
  method({
    name: "sessions.create",
    access: "write",
    params: Type.Object({
      ...{ key: Type.Optional(Key), agentId: AgentId, label: Text, displayName: Text, category: Text, model: Text },
      ...{ thinkingLevel: Text, message: Type.Optional(Type.String()), task: Type.Optional(Type.String()) },
      ...{ attachments: Attachments, idempotencyKey: Type.Optional(Key) },
    }),
    run: (params, context) => create(params, context),
  }),
  method({
    name: "sessions.patch",
    access: "write",
    accessOf: (params) => patchAccess(params),
    params: Type.Intersect([Keyed, Patch]),
    async run({ key: given, agentId, ...patch }, context) {
      const key = keyOf(given, agentId, context);
      const session = await context.hub.sessions.patch(key, patchOf(patch as Patch));
      return { ok: true, path: PATH, key, entry: sessionEntry(session), resolved: resolved(session, context) };
    },
  }),
  method({
    name: "sessions.patchMany",
    access: "write",
    accessOf: ({ patch }) => patchAccess(patch),
    params: Type.Object({ targets: Type.Array(Keyed, { minItems: 1, maxItems: 500 }), patch: Patch }),
    async run({ targets, patch }, context) {
      const outcomes = [];
      for (const { key: given, agentId } of targets) {
        const key = keyOf(given, agentId, context);
        try {
          await context.hub.sessions.patch(key, patchOf(patch as Patch));
          outcomes.push({ ok: true, key });
        } catch (error) {
          const { message, entry } = toBarnacleError(error);
          outcomes.push({ ok: false, key, error: { code: entry.gateway, message } });
        }
      }
      return { outcomes };
    },
  }),
  method({
    name: "sessions.reset",
    access: "admin",
    records: "config",
    recordAs: asRecorded,
    params: Type.Object({ key: Key, agentId: AgentId, reason: Text }),
    async run({ key: given, agentId, reason }, context) {
      const key = keyOf(given, agentId, context);
      await quiet(key, context);
      const session = await context.hub.sessions.reset(key, reason === "new" ? "new" : "reset");
      const entry = { ...sessionEntry(session), systemSent: false, abortedLastRun: false };
      return { ok: true, key, entry, resolved: resolved(session, context) };
    },
  }),
  method({
    name: "sessions.delete",
    access: "admin",
    accessOf: ({ archivedOnly }) => (archivedOnly ? "write" : "admin"),
    records: "config",
    recordAs: asRecorded,
    params: Type.Object({ key: Key, agentId: AgentId, deleteTranscript: Flag, archivedOnly: Flag }),
    async run({ key: given, agentId, deleteTranscript = true, archivedOnly = false }, context) {
      const key = keyOf(given, agentId, context);
      const { sessions } = context.hub;
      if (archivedOnly && sessions.get(key)?.archivedAt === undefined) {
        throw new BarnacleError("CONFLICT", `session is not archived: ${key}`);
      }
      await quiet(key, context);
      const { deleted, archived } = await sessions.remove(key, { keepTranscript: !deleteTranscript });
      return { ok: true, key, deleted, archived };
    },
  }),
  method({
    name: "sessions.compact",
    access: "admin",
    support: { partial: "keeps the newest messages and archives the rest; nothing is summarised" },
    records: "config",
    recordAs: asRecorded,
    params: Type.Object({ key: Key, agentId: AgentId, maxLines: Count(100_000) }),
    async run({ key: given, agentId, maxLines = KEEP }, context) {
      const key = keyOf(given, agentId, context);
      const { compacted, kept, archived } = await context.hub.sessions.compact(key, maxLines);
      if (!compacted) return { ok: true, key, compacted, reason: `only ${kept} messages`, kept };
      return { ok: true, key, compacted, kept, ...(archived === undefined ? {} : { archived }) };
    },
  }),
  sending("sessions.send", "full"),
  sending("sessions.steer", { partial: "ends what is being answered and answers this instead" }, "interrupt"),
  method({
    name: "sessions.abort",
    access: "write",
    params: Type.Object({ key: Type.Optional(Key), runId: Type.Optional(Key), agentId: AgentId }),
    run({ key: given, runId, agentId }, context) {
      if (given === undefined && runId === undefined) throw new BarnacleError("INPUT_INVALID", "key or runId required");
      const which = {
        ...(runId === undefined ? {} : { runId }),
        ...(given === undefined ? {} : { sessionKey: keyOf(given, agentId, context) }),
      };
      const runIds = context.hub.runs.abort(which);
      const [abortedRunId = null] = runIds;
      return { ok: true, abortedRunId, status: runIds.length > 0 ? "aborted" : "no-active-run", runIds };
    },
  }),
];

function sending(name: string, support: Support, queueMode?: QueueMode): Method {
  return method({
    ...{ name, access: "write", support },
    params: Type.Object({
      ...{ key: Key, agentId: AgentId, message: Type.String(), thinking: Text, attachments: Attachments },
      ...{ timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })), idempotencyKey: Type.Optional(Key) },
    }),
    async run({ key: given, agentId, message, thinking, attachments, timeoutMs, idempotencyKey }, context) {
      const key = keyOf(given, agentId, context);
      const run = await context.hub.runs.start({
        ...base(key, message, idempotencyKey, context),
        attachments: pictures(attachments),
        ...(thinking ? { thinking } : {}),
        ...(timeoutMs ? { timeoutMs } : {}),
        ...(queueMode === undefined ? {} : { queueMode }),
      });
      return { ok: true, key, runId: run.runId, sessionId: run.sessionId, status: "started" };
    },
  });
}

interface CreateParams {
  readonly key?: string;
  readonly agentId?: string;
  readonly label?: string;
  readonly displayName?: string;
  readonly category?: string;
  readonly model?: string;
  readonly thinkingLevel?: string;
  readonly message?: string;
  readonly task?: string;
  readonly attachments?: Static<typeof Attachments>;
  readonly idempotencyKey?: string;
}

async function create(params: CreateParams, context: MethodContext) {
  const { hub } = context;
  const { agentId = hub.agents.default.id, label, displayName, category, model, thinkingLevel } = params;
  hub.agents.get(agentId);
  const key = keyOf(params.key ?? `chat:${params.idempotencyKey ?? hub.random.uuid()}`, agentId, context);
  await hub.sessions.ensure(key, { via: "operator" });
  const settings = { category, model, thinkingLevel };
  const patch: SessionPatch = {
    ...(label === undefined ? {} : { label }),
    ...(displayName === undefined ? {} : { displayName }),
    settings: Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as never,
  };
  const session = await hub.sessions.patch(key, patch);
  const made = { ok: true, key, sessionId: session.sessionId, entry: sessionEntry(session) };
  const message = params.message ?? params.task;
  if (message === undefined || message === "") return { ...made, runStarted: false };
  try {
    const request = base(key, message, params.idempotencyKey, context);
    const run = await hub.runs.start({ ...request, attachments: pictures(params.attachments) });
    return { ...made, runStarted: true, runId: run.runId };
  } catch (error) {
    // The session is there; that its first message failed is told beside it.
    const { message: text, entry } = toBarnacleError(error);
    return { ...made, runStarted: false, runError: { code: entry.gateway, message: text } };
  }
}

function base(key: string, message: string, idempotencyKey: string | undefined, context: MethodContext): RunRequest {
  const { hub, caller } = context;
  const runId = idempotencyKey ?? hub.random.uuid();
  return { runId, sessionKey: key, message, source: "chat", principal: caller.principal };
}

/** Which session (`key` would be masked as a secret), and never what a person wrote. */
function asRecorded({ key, agentId }: { readonly key: string; readonly agentId?: string }): JsonObject {
  return { session: key, ...(agentId === undefined ? {} : { agentId }) };
}

function patchAccess(params: object): Access {
  return Object.keys(params).some((name) => GUARDED.has(name)) ? "admin" : "write";
}

function patchOf({ label, displayName, pinned, archived, unread, ...settings }: Patch): SessionPatch {
  return {
    ...(label === undefined ? {} : { label }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(pinned === undefined ? {} : { pinned }),
    ...(archived === undefined ? {} : { archived }),
    ...(unread === undefined ? {} : { unread }),
    settings: settings as NonNullable<SessionPatch["settings"]>,
  };
}

/** The model that a patched session has now, and how far it can think. */
function resolved({ settings }: { settings: Readonly<Record<string, unknown>> }, { hub }: MethodContext) {
  const model = hub.models.choose(typeof settings.model === "string" ? settings.model : undefined);
  return { modelProvider: model.provider, model: model.id };
}

/** Ends what is under way, so that nothing is written to a session that is being done away with. */
async function quiet(key: string, { hub }: MethodContext): Promise<void> {
  const runIds = hub.runs.abort({ sessionKey: key, reason: "stop" });
  const left = await Promise.all(runIds.map((runId) => hub.runs.wait(runId, DELETE_PATIENCE_MS)));
  if (left.some((outcome) => outcome === undefined)) {
    throw new BarnacleError("TIMEOUT", `a run of ${key} did not end; try again`);
  }
}
