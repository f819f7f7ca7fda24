import { createHash } from "node:crypto";
import { BarnacleError } from "@barnacle/protocol/errors";
import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { CronJob, CronPatch, CronSpec } from "../../services.ts";
import { CronAddParams, CronListParams, CronPatchParams, CronRunsParams, knownMembers, Which } from "./cron-params.ts";
import { type Method, method } from "./method.ts";

const PAGE = 50;
const SCRATCH_BYTES = 262_144;
const PART = {
  partial:
    "schedules at, every and cron, payloads systemEvent and agentTurn; no triggers, streams, commands, scripts or webhooks",
} as const;

export const cronMethods: readonly Method[] = [
  method({
    name: "cron.status",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub }) => ({
      ...hub.cron.status(),
      triggersEnabled: false,
      storage: "sqlite",
      storePath: "(database)",
    }),
  }),
  method({
    name: "cron.list",
    access: "read",
    params: CronListParams,
    run: (params, { hub }) => page(params, hub.cron.list()),
  }),
  method({
    name: "cron.get",
    access: "read",
    params: Type.Object(Which),
    run: (which, { hub }) => hub.cron.get(idOf(which)),
  }),
  method({
    name: "cron.add",
    access: "admin",
    support: PART,
    records: "config",
    params: CronAddParams,
    async run(params, { hub }) {
      const known = Object.entries(knownMembers(params)).filter(([, value]) => value !== null);
      return hub.cron.add({ enabled: true, ...Object.fromEntries(known) } as unknown as CronSpec);
    },
  }),
  method({
    name: "cron.update",
    access: "admin",
    support: PART,
    records: "config",
    params: Type.Object({
      ...Which,
      patch: CronPatchParams,
      expectedConfigRevision: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    }),
    run: ({ patch, expectedConfigRevision, ...which }, { hub }) =>
      hub.cron.update(idOf(which), knownMembers(patch) as CronPatch, expectedConfigRevision),
  }),
  method({
    name: "cron.remove",
    access: "admin",
    records: "config",
    params: Type.Object({ ...Which, missingOk: Type.Optional(Type.Boolean()) }),
    async run({ missingOk, ...which }, { hub }) {
      const id = idOf(which);
      if (!missingOk) hub.cron.get(id);
      return { ok: true, removed: await hub.cron.remove(id) };
    },
  }),
  method({
    name: "cron.run",
    access: "admin",
    records: "config",
    params: Type.Object({
      ...Which,
      mode: Type.Optional(literals(["due", "force", "if-enabled"])),
      wait: Type.Optional(Type.Boolean({ description: "answer after the run, as January's clients expect" })),
    }),
    async run({ mode, wait, ...which }, { hub }) {
      const started = await hub.cron.run(idOf(which), mode ?? "force");
      if (!started.ran) return { ok: true, ran: false, reason: started.reason };
      if (!wait) return { ok: true, enqueued: true, runId: started.runId };
      await started.done;
      return { ok: true, ran: true };
    },
  }),
  method({
    name: "cron.runs",
    access: "read",
    params: CronRunsParams,
    run({ limit = PAGE, offset = 0, status, statuses, query, runId, sortDir, ...which }, { hub }) {
      const jobId = which.id ?? which.jobId;
      const one = status === undefined || status === "all" ? undefined : [status];
      const wanted = statuses ?? one;
      const { entries, total } = hub.cron.runs({
        ...{ limit, offset, oldestFirst: sortDir === "asc" },
        ...(jobId === undefined ? {} : { jobId }),
        ...(runId === undefined ? {} : { runId }),
        ...(query ? { query } : {}),
        ...(wanted === undefined ? {} : { statuses: wanted }),
      });
      // The log outlives its job: only an id that never was is refused.
      if (jobId !== undefined && total === 0) hub.cron.get(jobId);
      return { entries, ...pageOf(total, offset, limit, entries.length) };
    },
  }),
  method({
    name: "cron.scratch.get",
    access: "admin",
    params: Type.Object(Which),
    run: (which, { hub }) => scratchOf(hub.cron, idOf(which)),
  }),
  method({
    name: "cron.scratch.set",
    access: "admin",
    records: "config",
    params: Type.Object({
      ...Which,
      content: Type.Union([Type.String({ maxLength: SCRATCH_BYTES }), Type.Null()]),
      expectedRevision: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
    async run({ content, expectedRevision, ...which }, { hub }) {
      const id = idOf(which);
      const revision = await hub.cron.setScratch(id, content, expectedRevision);
      if (revision !== undefined) return { ok: true, ...scratchOf(hub.cron, id) };
      return { ok: false, reason: "revision-conflict", currentRevision: hub.cron.scratchRevision(id) };
    },
  }),
];

function scratchOf(cron: { scratch(id: string): unknown; scratchRevision(id: string): number }, id: string) {
  const scratch = cron.scratch(id) ?? null;
  return { scratch, currentRevision: cron.scratchRevision(id), maxBytes: SCRATCH_BYTES };
}

function idOf({ id, jobId }: { id?: string; jobId?: string }): string {
  const found = id ?? jobId;
  if (found !== undefined) return found;
  throw new BarnacleError("INPUT_INVALID", "expected id or jobId: which cron job");
}

function page(params: CronListParams, all: readonly CronJob[]) {
  const { limit = PAGE, offset = 0 } = params;
  const shown = params.enabled ?? (params.includeDisabled ? "all" : "enabled");
  const needle = params.query?.trim().toLowerCase() ?? "";
  const found = all.filter(
    (job) =>
      (shown === "all" || job.enabled === (shown === "enabled")) &&
      (params.scheduleKind === undefined ||
        params.scheduleKind === "all" ||
        job.schedule.kind === params.scheduleKind) &&
      (params.agentId === undefined || (job.agentId ?? "main") === params.agentId) &&
      (params.lastRunStatus === undefined ||
        params.lastRunStatus === "all" ||
        (job.state.lastRunStatus ?? "unknown") === params.lastRunStatus) &&
      `${job.name}\n${job.description ?? ""}\n${job.id}`.toLowerCase().includes(needle),
  );
  const sorted = order(found, params.sortBy ?? "nextRunAtMs");
  if (params.sortDir === "desc") sorted.reverse();
  const jobs = sorted.slice(offset, offset + limit);
  return {
    jobs: jobs.map((job) => ({ ...job, effectiveAgentId: job.agentId ?? "main" })),
    ...pageOf(sorted.length, offset, limit, jobs.length),
    snapshotRevision: createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 32),
    ...(params.compact || params.includeDeliveryPreviews === false ? {} : { deliveryPreviews: previews(jobs) }),
  };
}

function order(jobs: readonly CronJob[], by: "nextRunAtMs" | "updatedAtMs" | "name"): CronJob[] {
  // As listed already, soonest first.
  if (by === "nextRunAtMs") return [...jobs];
  return jobs.toSorted((a, b) => (by === "name" ? a.name.localeCompare(b.name) : a.updatedAtMs - b.updatedAtMs));
}

function pageOf(total: number, offset: number, limit: number, given: number) {
  const hasMore = offset + given < total;
  return { total, offset, limit, hasMore, nextOffset: hasMore ? offset + given : null };
}

function previews(jobs: readonly CronJob[]): Record<string, { label: string; detail: string }> {
  return Object.fromEntries(jobs.map((job) => [job.id, preview(job)]));
}

function preview({ delivery, payload }: CronJob): { label: string; detail: string } {
  if (payload.kind === "systemEvent") return { label: "main session", detail: "waits there for its next run" };
  if (delivery?.mode !== "announce") return { label: "not delivered", detail: "the answer stays in its session" };
  const named = delivery.channel !== undefined && delivery.channel !== "last";
  return { label: named ? (delivery.channel ?? "") : "rooms", detail: delivery.to ?? "every room" };
}
