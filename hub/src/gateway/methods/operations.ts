import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { CANNOT } from "./config.ts";
import { type Method, type MethodContext, method } from "./method.ts";

const Anything = Type.Unknown();
const Suspension = Type.Object({ suspensionId: Type.String({ minLength: 1, maxLength: 200 }) });
const SUSPEND_MS = 10 * 60_000;
const ASKED = {
  partial: "says whether work is under way; new work is not held back, so that switches keep working",
} as const;

/** The hub's own working: log, restart, updates. Source: gateway protocols 3 and 4, "logs", "gateway control". */
export const operationMethods: readonly Method[] = [
  method({
    name: "logs.tail",
    access: "read",
    params: Type.Object({
      cursor: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 })),
      maxBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    }),
    run: (params, { hub }) => hub.logFile.tail(params),
  }),
  method({
    name: "diagnostics.stability",
    access: "read",
    support: { partial: "memory now and the counters since the start; no recording of single events" },
    params: Anything,
    run: (_params, context) => stability(context),
  }),
  method({
    name: "update.status",
    access: "admin",
    support: { partial: "updates come through the package manager, so none is ever announced here" },
    params: Anything,
    run: () => ({ sentinel: null, updateAvailable: null }),
  }),
  method({
    name: "gateway.restart.preflight",
    access: "read",
    params: Anything,
    run: (_params, context) => preflight(context),
  }),
  method({
    name: "gateway.restart.request",
    access: "admin",
    records: "config",
    params: Type.Object({
      reason: Type.Optional(Type.String({ maxLength: 200 })),
      delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
    }),
    run({ reason = "gateway.restart", delayMs }, context) {
      const { lifecycle } = context.hub;
      if (!lifecycle.canRestart) throw new BarnacleError("METHOD_NOT_HERE", CANNOT);
      const plan = lifecycle.requestRestart({ reason, ...(delayMs === undefined ? {} : { delayMs }) });
      return {
        ...{ ok: true, status: plan.coalesced ? "coalesced" : "scheduled", preflight: preflight(context) },
        restart: { ...plan, pid: process.pid, signal: "SIGUSR1", mode: "emit" },
      };
    },
  }),
  method({
    name: "gateway.suspend.prepare",
    access: "admin",
    support: ASKED,
    params: Type.Object({ requestId: Type.String({ minLength: 1, maxLength: 200 }) }),
    run({ requestId }, context) {
      const { blockers, counts } = preflight(context);
      const activeCount = counts.totalActive;
      if (activeCount > 0) return { status: "busy", reason: "active-work", retryAfterMs: 5000, activeCount, blockers };
      const expiresAtMs = context.hub.clock.now() + SUSPEND_MS;
      return { status: "ready", suspensionId: requestId, expiresAtMs, activeCount, blockers };
    },
  }),
  method({
    name: "gateway.suspend.status",
    access: "read",
    support: ASKED,
    params: Suspension,
    run: () => ({ status: "running" }),
  }),
  method({
    name: "gateway.suspend.resume",
    access: "admin",
    support: ASKED,
    params: Suspension,
    run: () => ({ ok: true, status: "running", resumed: false }),
  }),
];

/** What a restart would interrupt. */
function preflight({ hub }: MethodContext) {
  const runs = hub.runs.active().length;
  const tasks = hub.ledger.list({ statuses: ["running"], limit: 500 }).length;
  const blocker = (kind: string, count: number, what: string) =>
    count === 0 ? [] : [{ kind, count, message: `${count} ${what} under way` }];
  const blockers = [...blocker("chat-run", runs, "runs"), ...blocker("task", tasks, "commands")];
  const none = { queueSize: 0, pendingReplies: 0, cronRuns: 0, backgroundExecSessions: 0, rootRequests: 0 };
  const counts = { ...none, embeddedRuns: runs, activeTasks: tasks, totalActive: runs + tasks };
  const summary =
    blockers.length === 0
      ? "safe to restart now"
      : `restart would interrupt: ${blockers.map((b) => b.message).join("; ")}`;
  return { safe: blockers.length === 0, counts, blockers, summary };
}

function stability({ hub }: MethodContext) {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return {
    generatedAt: new Date(hub.clock.now()).toISOString(),
    ...{ capacity: 0, count: 0, dropped: 0, events: [] },
    summary: {
      byType: {},
      memory: {
        ...{ pressureCount: 0, maxRssBytes: rss, maxHeapUsedBytes: heapUsed },
        latest: { rssBytes: rss, heapUsedBytes: heapUsed, heapTotalBytes: heapTotal, externalBytes: external },
      },
      payloadLarge: { count: 0, rejected: 0, truncated: 0, chunked: 0, bySurface: {} },
      counters: hub.counters.snapshot(),
    },
  };
}
