import type { CronJob, CronPatch, CronRun, CronSpec } from "../../services.ts";

/** How cron jobs looked in January 2026. Source: Moltbot gateway protocol 3, "cron". */

type Change = (value: never, params: unknown) => unknown;

/** What delivery is today was part of the payload; a time was a number. */
interface OldPayload {
  readonly kind: "agentTurn";
  readonly deliver?: boolean;
  readonly channel?: string;
  readonly to?: string;
  readonly bestEffortDeliver?: boolean;
}

export const CRON_PARAMS: Readonly<Record<string, Change>> = {
  "cron.list": (params: object) => ({ ...params, limit: 5000 }),
  "cron.add": (params: object) => newer(params),
  "cron.update": (params: { patch?: unknown }) =>
    isObject(params.patch) ? { ...params, patch: newer(params.patch) } : params,
  "cron.remove": (params: object) => ({ ...params, missingOk: true }),
  "cron.run": (params: object) => ({ ...params, wait: true }),
};

export const CRON_RESULTS: Readonly<Record<string, Change>> = {
  "cron.list": ({ jobs }: { jobs: readonly CronJob[] }) => ({ jobs: jobs.map(older) }),
  "cron.add": older,
  "cron.update": older,
  "cron.runs": ({ entries }: { entries: readonly CronRun[] }) => ({ entries: entries.map(olderRun).reverse() }),
};

function newer(given: object): object {
  const { schedule, payload, ...rest } = given as { schedule?: { kind?: string; atMs?: number }; payload?: OldPayload };
  const at = schedule?.kind === "at" && typeof schedule.atMs === "number" ? new Date(schedule.atMs) : undefined;
  const known = at !== undefined && !Number.isNaN(at.getTime());
  return {
    ...rest,
    ...(schedule === undefined ? {} : { schedule: known ? { kind: "at", at: at.toISOString() } : schedule }),
    ...(payload === undefined ? {} : { payload, ...(isObject(payload) ? deliveryOf(payload) : {}) }),
  };
}

function deliveryOf({ kind, deliver, channel, to, bestEffortDeliver }: OldPayload): Pick<CronPatch, "delivery"> {
  if (kind !== "agentTurn" || (deliver === undefined && channel === undefined && to === undefined)) return {};
  return {
    delivery: {
      // Without its say an answer was delivered to whoever was named, and to nobody else.
      mode: (deliver ?? (to !== undefined && to !== "")) ? "announce" : "none",
      ...(channel === undefined ? {} : { channel }),
      ...(to === undefined || to === "" ? {} : { to }),
      ...(bestEffortDeliver === undefined ? {} : { bestEffort: bestEffortDeliver }),
    },
  };
}

function older(job: CronJob): unknown {
  const { id, agentId, name, description, enabled, deleteAfterRun, createdAtMs, updatedAtMs, wakeMode } = job;
  const { nextRunAtMs, runningAtMs, lastRunAtMs, lastStatus, lastError, lastDurationMs } = job.state;
  return known({
    ...{ id, agentId, name, description, enabled, deleteAfterRun, createdAtMs, updatedAtMs, wakeMode },
    schedule: olderSchedule(job.schedule),
    sessionTarget: job.sessionTarget === "main" ? "main" : "isolated",
    payload: olderPayload(job),
    state: known({ nextRunAtMs, runningAtMs, lastRunAtMs, lastStatus, lastError, lastDurationMs }),
  });
}

function olderSchedule(schedule: CronSpec["schedule"]): unknown {
  if (schedule.kind === "at") return { kind: "at", atMs: Date.parse(schedule.at) };
  if (schedule.kind === "every") return schedule;
  return known({ kind: "cron", expr: schedule.expr, tz: schedule.tz });
}

function olderPayload({ payload, delivery }: CronJob): unknown {
  if (payload.kind === "systemEvent") return payload;
  const { message, model, thinking } = payload;
  const timeoutSeconds = payload.timeoutSeconds ? Math.max(1, Math.round(payload.timeoutSeconds)) : undefined;
  return known({
    ...{ kind: "agentTurn", message, model, thinking, timeoutSeconds },
    ...(delivery === undefined
      ? {}
      : {
          ...{ deliver: delivery.mode === "announce" ? true : undefined, channel: delivery.channel, to: delivery.to },
          bestEffortDeliver: delivery.bestEffort,
        }),
  });
}

function olderRun({ ts, jobId, action, status, error, summary, runAtMs, durationMs, nextRunAtMs }: CronRun): unknown {
  return known({ ts, jobId, action, status, error, summary, runAtMs, durationMs, nextRunAtMs });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function known(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}
