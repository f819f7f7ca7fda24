import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import type { AuditRecord, LedgerEntry } from "../../services.ts";
import { type Method, type MethodContext, method } from "./method.ts";

const Text = Type.Optional(Type.String({ minLength: 1, maxLength: 512 }));
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 500 }));
const Id = Type.Object({ taskId: Type.String({ minLength: 1, maxLength: 200 }) });
const TASKS = { partial: "commands that were sent to nodes; they cannot be taken back, repeated or hidden" } as const;
const EVENTS = { partial: "commands to nodes: their beginning, end, or refusal" } as const;
const AuditQuery = Type.Object({
  ...{ agentId: Text, sessionKey: Text, runId: Text, kind: Text, status: Text, limit: Limit },
  cursor: Type.Optional(Type.String({ pattern: "^\\d{1,16}$" })),
  ...{ after: Type.Optional(Type.Integer()), before: Type.Optional(Type.Integer()) },
});
type AuditQuery = (typeof AuditQuery)["static"];
/** Records read for one page; a query that matches little is told page by page. */
const READ = 1000;
const COVERAGE = { state: "attribution-only", missingEvidence: [] } as const;

/** Ledgers of what was done. Source: gateway protocol 4, "audit", "tasks". */
export const ledgerMethods: readonly Method[] = [
  method({
    name: "tasks.list",
    access: "read",
    support: TASKS,
    params: Type.Object({
      status: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 10 })])),
      ...{ agentId: Text, sessionKey: Text, limit: Limit, cursor: Text },
    }),
    run({ status, agentId, sessionKey, limit = 100, cursor }, { hub }) {
      // Commands belong to no session and to no agent but the hub's own.
      if (sessionKey !== undefined || (agentId !== undefined && agentId !== "main")) return { tasks: [] };
      const wanted = status === undefined ? undefined : [status].flat();
      const statuses = wanted && STATUSES.filter(([, wire]) => wanted.includes(wire)).map(([ours]) => ours);
      const entries = hub.ledger.list({ statuses, limit: limit + 1, before: cursor ? cursorOf(cursor) : undefined });
      const page = entries.slice(0, limit);
      const last = entries.length > limit ? page.at(-1) : undefined;
      return { tasks: page.map(taskOf), ...(last ? { nextCursor: `${last.startedAt} ${last.commandId}` } : {}) };
    },
  }),
  method({
    name: "tasks.get",
    access: "read",
    support: TASKS,
    params: Id,
    run({ taskId }, { hub }) {
      const entry = hub.ledger.entry(taskId);
      if (entry) return { task: taskOf(entry) };
      throw new BarnacleError("NOT_FOUND", `task not found: ${taskId.slice(0, 80)}`);
    },
  }),
  method({
    name: "tasks.cancel",
    access: "write",
    support: TASKS,
    params: Id,
    run({ taskId }, { hub }) {
      const entry = hub.ledger.entry(taskId);
      if (!entry) return { found: false, cancelled: false, reason: "task not found" };
      const reason = entry.status === "running" ? "a command that a node has cannot be taken back" : "it has ended";
      return { found: true, cancelled: false, reason, task: taskOf(entry) };
    },
  }),
  ...["tasks.retry", "tasks.dismiss"].map((name) =>
    method({
      name,
      access: "write",
      support: TASKS,
      params: Type.Object({ taskIds: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 200 }) }),
      run: ({ taskIds }, { hub }) => ({
        results: taskIds.map((taskId) => ({
          taskId,
          ok: false,
          reason: hub.ledger.entry(taskId) ? "not-possible" : "not-found",
        })),
      }),
    }),
  ),
  method({ name: "audit.list", access: "read", support: EVENTS, params: AuditQuery, run: auditPage }),
  method({ name: "audit.activity.list", access: "read", support: EVENTS, params: AuditQuery, run: activityPage }),
  method({
    name: "audit.run.inspect",
    access: "read",
    support: { partial: "whether the trail knows the command; identities are in barnacle.audit.list" },
    params: Type.Object({ runId: Text, executionId: Text }),
    run({ runId, executionId }, { hub }) {
      const id = runId ?? executionId ?? "";
      const status = hub.ledger.entry(id) ? "known" : "unknown";
      return {
        ...{ schemaVersion: 1, run: { ...(runId ? { runId } : {}), ...(executionId ? { executionId } : {}), status } },
        identity: {
          ...{ state: "unsupported", reasonCode: "identity_context_not_recorded", missingEvidence: [] },
          remediation: [{ code: "read_audit_trail", text: "barnacle.audit.list names who asked for every command" }],
        },
        ...{ decisionDisplays: [], coverage: COVERAGE },
      };
    },
  }),
];

const STATUSES: readonly (readonly [LedgerEntry["status"], string])[] = [
  ["running", "running"],
  ["done", "completed"],
  ["failed", "failed"],
  ["unknown", "timed_out"],
];

function taskOf({ commandId, deviceId, command, status, errorMessage, principal, turnId, ...at }: LedgerEntry) {
  return {
    ...{ id: commandId, taskId: commandId, kind: "command", runtime: "node", title: command, ownerKey: principal },
    status: STATUSES.find(([ours]) => ours === status)?.[1] ?? "failed",
    ...{ agentId: "main", sourceId: deviceId, createdAt: at.startedAt, startedAt: at.startedAt },
    updatedAt: at.finishedAt ?? at.startedAt,
    ...(at.finishedAt === undefined ? {} : { endedAt: at.finishedAt }),
    ...(turnId === undefined ? {} : { runId: turnId }),
    ...(errorMessage === undefined ? {} : { error: errorMessage }),
  };
}

function cursorOf(cursor: string): { startedAt: number; commandId: string } {
  const found = /^(\d{1,16}) (.{1,200})$/.exec(cursor);
  if (found) return { startedAt: Number(found[1]), commandId: String(found[2]) };
  throw new BarnacleError("INPUT_INVALID", "invalid tasks.list params: at /cursor: expected a cursor of tasks.list");
}

async function eventsOf(query: AuditQuery, { hub }: MethodContext) {
  const before = query.cursor === undefined ? undefined : Number(query.cursor);
  const records = await hub.audit.list({ limit: READ, ...(before === undefined ? {} : { before }) });
  const { limit = 100 } = query;
  const events = records.toReversed().flatMap((record) => {
    const event = eventOf(record);
    return event && matches(event, query) ? [event] : [];
  });
  const page = events.slice(0, limit);
  const end =
    page.length < events.length ? page.at(-1)?.sequence : records.length === READ ? records[0]?.seq : undefined;
  return { page, ...(end === undefined || end <= 1 ? {} : { nextCursor: String(end) }) };
}

async function auditPage(query: AuditQuery, context: MethodContext) {
  const { page, ...next } = await eventsOf(query, context);
  return { events: page, ...next };
}

/** The newer shape says the same with a version of its own. */
async function activityPage(query: AuditQuery, context: MethodContext) {
  const { page, ...next } = await eventsOf(query, context);
  return { events: page.map((event) => ({ eventType: event.kind, schemaVersion: 1, ...event })), ...next };
}

const ENDINGS: Readonly<Record<string, readonly [status: string, code?: string]>> = {
  done: ["succeeded"],
  failed: ["failed", "tool_failed"],
  refused: ["blocked", "tool_blocked"],
  unknown: ["unknown", "tool_outcome_unknown"],
};

/** A record of the trail about a command, as the wire's tool action: metadata alone. */
function eventOf({ seq, at, kind, data }: AuditRecord) {
  const { command, commandId, effect, status } = data as Record<string, string | undefined>;
  if (command === undefined || (kind !== "decision" && kind !== "outcome") || "approval" in data) return undefined;
  const started = kind === "decision" && effect === "allow";
  const [ended, errorCode] =
    kind === "outcome" ? (ENDINGS[status ?? ""] ?? ["unknown", "tool_outcome_unknown"]) : ["blocked", "tool_blocked"];
  if (kind === "decision" && effect === "ask") return undefined;
  return {
    ...{ eventId: `audit-${seq}`, sequence: seq, sourceSequence: seq, occurredAt: at, kind: "tool_action" as const },
    ...(started
      ? { action: "tool.action.started", status: "started" }
      : { action: "tool.action.finished", status: ended, ...(errorCode ? { errorCode } : {}) }),
    ...{ actor: { type: "system", id: "hub" }, agentId: "main", runId: commandId ?? `audit-${seq}` },
    ...{ toolCallId: commandId ?? `audit-${seq}`, toolName: command, redaction: "metadata_only" as const },
  };
}

function matches(event: NonNullable<ReturnType<typeof eventOf>>, query: AuditQuery): boolean {
  const { kind, status, agentId, sessionKey, runId, after, before } = query;
  if (sessionKey !== undefined) return false;
  return (
    (kind === undefined || kind === event.kind) &&
    (status === undefined || status === event.status) &&
    (agentId === undefined || agentId === event.agentId) &&
    (runId === undefined || runId === event.runId) &&
    (after === undefined || event.occurredAt >= after) &&
    (before === undefined || event.occurredAt < before)
  );
}
