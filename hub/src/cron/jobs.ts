import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { type Clock, Events, type Log, type Random, type Unit } from "@barnacle/protocol/runtime";
import type {
  Cron,
  CronEvent,
  CronJob,
  CronPatch,
  CronRun,
  CronRunQuery,
  CronScratch,
  CronSpec,
  CronStarted,
} from "../services.ts";
import type { Store } from "../store/index.ts";
import { JobTable, type StoredJob, shown } from "./job-table.ts";
import { type Carried, carryOut, type PayloadOptions } from "./payload.ts";
import { RunLog } from "./run-log.ts";
import { atTime, lastTime, nextTime } from "./schedule.ts";
import { checkedSpec, patched } from "./spec.ts";

/** Due times are wall-clock times; looking at least this often follows a clock that was set. */
const LOOK_MS = 60_000;
/** A repeating job whose last time was missed by more than this waits for its next one. */
const LATE_MS = 3_600_000;
/** A single time that was missed is made up for this long: it would otherwise never come. */
const LATE_ONCE_MS = 24 * 3_600_000;
/** An `at` time this far in the past is a slip of the clock, beyond that a mistake. */
const PAST_MS = 60_000;
/** The store did not take a claim: how long until it is tried again. */
const RETRY_MS = 10_000;

export interface CronJobsOptions extends PayloadOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** False: jobs are kept and can be run by hand, but none runs by itself. */
  readonly enabled: boolean;
}

/**
 * Jobs that survive restarts. A scheduled time is claimed on disk before anything is done and is never used twice, whatever
 * dies when; a run over which the hub died is logged as an error whose outcome is unknown. Of the times that were missed
 * only the last counts: it is made up for when it is not older than an hour (a single `at` time: a day), else logged as skipped.
 */
export class CronJobs implements Cron, Unit {
  readonly events = new Events<{ changed: CronEvent }>();
  readonly #options: CronJobsOptions;
  readonly #table: JobTable;
  readonly #log: RunLog;
  readonly #running = new Map<string, number>();
  #cancelLook: (() => void) | undefined;
  #started = false;

  constructor(options: CronJobsOptions) {
    this.#options = options;
    this.#table = new JobTable(options.store);
    this.#log = new RunLog(options.store);
  }

  async start(): Promise<void> {
    this.#started = true;
    for (const { runId, jobId, jobName, dueAt, startedAt } of this.#log.unfinished()) {
      const error = "the hub stopped while the job ran; whether it was finished is not known";
      const carried: Carried = { status: "error", error, deliveryStatus: "unknown" };
      await this.#close({ runId, jobId, jobName, runAt: dueAt ?? startedAt, startedAt }, carried, "unknown");
    }
    this.#look();
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  status() {
    const { jobs, next } = this.#table.summary();
    return { enabled: this.#options.enabled, jobs, nextWakeAtMs: this.#options.enabled ? next : null };
  }

  list(): readonly CronJob[] {
    return this.#table.all().map((job) => this.#show(job));
  }

  get(id: string): CronJob {
    return this.#show(this.#known(id));
  }

  async add(given: CronSpec): Promise<CronJob> {
    const { clock, random } = this.#options;
    const spec = await checkedSpec(given);
    const declared = spec.declarationKey === undefined ? undefined : this.#table.byDeclaration(spec.declarationKey);
    if (declared) return this.update(declared.id, spec);
    const now = clock.now();
    const fresh = { id: random.uuid(), spec, state: {}, revision: 1, createdAt: now, updatedAt: now };
    const job: StoredJob = { ...fresh, ...(await this.#nextOf(fresh, now)) };
    await this.#options.store.commit(() => this.#table.put(job));
    return this.#changed(job, "added");
  }

  async update(id: string, patch: CronPatch, expectedRevision?: string): Promise<CronJob> {
    const before = this.#known(id);
    if (expectedRevision !== undefined && expectedRevision !== String(before.revision)) {
      throw changedMeanwhile(id, before.revision);
    }
    const now = this.#options.clock.now();
    const spec = await checkedSpec(patched(before.spec, patch));
    const rescheduled = spec.enabled !== before.spec.enabled || !same(spec.schedule, before.spec.schedule);
    const { nextRunAt: _, ...rest } = { ...before, spec, revision: before.revision + 1, updatedAt: now };
    const next = rescheduled ? await this.#nextOf(rest, now) : undefined;
    const job = await this.#options.store.commit(() => {
      // A run may have begun or ended since.
      const { state, nextRunAt, revision } = this.#known(id);
      if (revision !== before.revision) throw changedMeanwhile(id, revision);
      const changed = { ...rest, state, ...(next ?? (nextRunAt === undefined ? {} : { nextRunAt })) };
      this.#table.put(changed);
      return changed;
    });
    return this.#changed(job, "updated");
  }

  async remove(id: string): Promise<boolean> {
    const removed = await this.#options.store.commit(() => this.#table.remove(id));
    if (removed) this.events.emit("changed", { jobId: id, action: "removed" });
    this.#look();
    return removed;
  }

  async run(id: string, mode: "due" | "force" | "if-enabled"): Promise<CronStarted> {
    const job = this.#known(id);
    const now = this.#options.clock.now();
    if (this.#running.has(id)) return { ran: false, reason: "already-running" };
    if (mode === "if-enabled" && !job.spec.enabled) return { ran: false, reason: "disabled" };
    if (mode === "due") {
      if (job.nextRunAt === undefined || job.nextRunAt > now) return { ran: false, reason: "not-due" };
      const done = await this.#claim(job, job.nextRunAt, job.nextRunAt);
      return done ? { ran: true, ...done } : { ran: false, reason: "not-due" };
    }
    this.#running.set(id, now);
    const run = { runId: `cron-${this.#options.random.uuid()}`, jobId: id, jobName: job.spec.name, startedAt: now };
    try {
      await this.#options.store.commit(() => this.#log.open(run));
    } catch (error) {
      this.#running.delete(id);
      throw error;
    }
    return { ran: true, ...this.#begin(job, { ...run, runAt: now }) };
  }

  runs(query: CronRunQuery) {
    return this.#log.page(query);
  }

  scratch(id: string): CronScratch | undefined {
    this.#known(id);
    const found = this.#table.scratch(id);
    if (!found || found.content === null) return undefined;
    return { content: found.content, revision: found.revision, updatedAtMs: found.at };
  }

  scratchRevision(id: string): number {
    this.#known(id);
    return this.#table.scratch(id)?.revision ?? 0;
  }

  async setScratch(id: string, content: string | null, expected?: number): Promise<number | undefined> {
    this.#known(id);
    return this.#options.store.commit(() => {
      const revision = this.#table.scratch(id)?.revision ?? 0;
      if (expected !== undefined && expected !== revision) return undefined;
      this.#table.setScratch(id, content, revision + 1, this.#options.clock.now());
      return revision + 1;
    });
  }

  #look(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    if (!this.#started || !this.#options.enabled) return;
    const now = this.#options.clock.now();
    let wait = LOOK_MS;
    for (const job of this.#table.all()) {
      if (job.nextRunAt === undefined) break;
      if (this.#running.has(job.id)) continue;
      if (job.nextRunAt <= now) void this.#due(job, job.nextRunAt);
      else wait = Math.min(wait, job.nextRunAt - now);
    }
    this.#cancelLook = this.#options.clock.after(wait, () => this.#look());
  }

  async #due(job: StoredJob, dueAt: number): Promise<void> {
    const { clock, log } = this.#options;
    // Held from here on, so that the next look does not find it again.
    this.#running.set(job.id, clock.now());
    try {
      const now = clock.now();
      const last = (await lastTime(job.spec.schedule, anchorOf(job), now)) ?? dueAt;
      const runAt = Math.max(last, dueAt);
      const done = await this.#claim(job, dueAt, runAt, now - runAt > lateBy(job));
      await done?.done;
      this.#release(job.id);
    } catch (error) {
      log.error({ jobId: job.id, problem: messageOf(error) }, "a cron job that is due could not be run");
      clock.after(RETRY_MS, () => this.#release(job.id));
    }
  }

  #release(jobId: string): void {
    this.#running.delete(jobId);
    this.#look();
  }

  /** Takes the time on disk, then runs. @returns undefined when it was taken before or is too old to be made up for */
  async #claim(job: StoredJob, dueAt: number, runAt: number, tooLate = false) {
    const { clock, store } = this.#options;
    const startedAt = clock.now();
    const next = await nextTime(job.spec.schedule, anchorOf(job), Math.max(startedAt, runAt));
    const run = { runId: `cron-${job.id}-${runAt}`, jobId: job.id, jobName: job.spec.name, dueAt: runAt, startedAt };
    const claimed = await store.commit(() => this.#table.advance(job.id, dueAt, next) && this.#log.open(run));
    if (!claimed) return undefined;
    if (!tooLate) return this.#begin(job, { ...run, runAt });
    const error = "missed while the hub was away, and too old to be made up for";
    await this.#close({ ...run, runAt }, { status: "skipped", error, deliveryStatus: "not-requested" }, "failed");
    return undefined;
  }

  #begin(job: StoredJob, run: Run): { runId: string; done: Promise<CronRun> } {
    this.#running.set(job.id, run.startedAt);
    this.events.emit("changed", { jobId: job.id, action: "started", runId: run.runId, runAtMs: run.runAt });
    const done = this.#carry(job, run);
    done.catch((error: unknown) => {
      // Its row stays open; the next start closes it as one whose outcome is unknown.
      this.#options.log.warn({ jobId: job.id, problem: messageOf(error) }, "the end of a cron run was not stored");
    });
    return { runId: run.runId, done };
  }

  async #carry(job: StoredJob, run: Run): Promise<CronRun> {
    try {
      const carried = await carryOut(this.#show(job), run.runId, this.#options);
      return await this.#close(run, carried, carried.status === "ok" ? "succeeded" : "failed");
    } finally {
      this.#release(job.id);
    }
  }

  /** Writes what became of a run into the log and its job. */
  async #close(run: Run, carried: Carried, completionStatus: CronRun["completionStatus"]): Promise<CronRun> {
    const { store, clock } = this.#options;
    const ts = clock.now();
    const durationMs = Math.max(0, ts - run.startedAt);
    let removed = false;
    const entry = await store.commit(() => {
      const job = this.#table.get(run.jobId);
      const closed: CronRun = {
        ...{ ts, jobId: run.jobId, action: "finished" as const, runId: run.runId, jobName: run.jobName },
        ...{ ...carried, completionStatus, runAtMs: run.runAt, durationMs },
        ...(job?.nextRunAt === undefined ? {} : { nextRunAtMs: job.nextRunAt }),
      };
      this.#log.close(closed);
      if (job) removed = this.#settle(job, closed);
      return closed;
    });
    const { jobId, runId, status, error, summary, nextRunAtMs, runAtMs } = entry;
    const about = { jobId, action: "finished" as const, runId, runAtMs, durationMs, status };
    this.events.emit("changed", {
      ...about,
      ...(error === undefined ? {} : { error }),
      ...(summary === undefined ? {} : { summary }),
      ...(nextRunAtMs === undefined ? {} : { nextRunAtMs }),
    });
    if (removed) this.events.emit("changed", { jobId, action: "removed" });
    return entry;
  }

  /** @returns whether that was the end of the job */
  #settle(job: StoredJob, run: CronRun): boolean {
    const once = job.spec.schedule.kind === "at" && job.nextRunAt === undefined;
    if (once && job.spec.deleteAfterRun && run.status === "ok") {
      return this.#table.remove(job.id);
    }
    const { lastError, lastDeliveryError, ...state } = job.state;
    const errors = run.status === "ok" ? 0 : (state.consecutiveErrors ?? 0) + (run.status === "error" ? 1 : 0);
    this.#table.put({
      ...job,
      spec: once ? { ...job.spec, enabled: false } : job.spec,
      state: {
        ...state,
        ...{ lastRunAtMs: run.runAtMs, lastStatus: run.status, lastRunStatus: run.status },
        ...{ lastDurationMs: run.durationMs, lastDeliveryStatus: run.deliveryStatus, consecutiveErrors: errors },
        ...(run.error === undefined ? {} : { lastError: run.error }),
        ...(run.deliveryError === undefined ? {} : { lastDeliveryError: run.deliveryError }),
      },
    });
    return false;
  }

  /** @throws INPUT_INVALID for a single time that has passed */
  async #nextOf(job: Omit<StoredJob, "nextRunAt">, now: number): Promise<{ nextRunAt?: number }> {
    const { schedule, enabled } = job.spec;
    if (!enabled) return {};
    if (schedule.kind === "at") {
      const time = atTime(schedule.at);
      if (this.#log.claimed(job.id, time)) return {};
      if (time < now - PAST_MS) throw new BarnacleError("INPUT_INVALID", `schedule.at: ${schedule.at} has passed`);
      return { nextRunAt: time };
    }
    const next = await nextTime(schedule, anchorOf(job), now);
    return next === undefined ? {} : { nextRunAt: next };
  }

  #changed(job: StoredJob, action: "added" | "updated"): CronJob {
    const next = job.nextRunAt === undefined ? {} : { nextRunAtMs: job.nextRunAt };
    this.events.emit("changed", { jobId: job.id, action, ...next });
    this.#look();
    return this.#show(job);
  }

  #show(job: StoredJob): CronJob {
    return shown(job, this.#running.get(job.id));
  }

  #known(id: string): StoredJob {
    const job = this.#table.get(id);
    if (job) return job;
    throw new BarnacleError("CRON_JOB_UNKNOWN", `unknown cron job id: ${id.slice(0, 80)}`, {
      details: { code: "CRON_JOB_NOT_FOUND", jobId: id.slice(0, 200) },
    });
  }
}

interface Run {
  readonly runId: string;
  readonly jobId: string;
  readonly jobName: string;
  /** The time it counts for. */
  readonly runAt: number;
  readonly startedAt: number;
}

function anchorOf(job: { id: string; createdAt: number }) {
  return { id: job.id, createdAtMs: job.createdAt };
}

function lateBy(job: StoredJob): number {
  return job.spec.schedule.kind === "at" ? LATE_ONCE_MS : LATE_MS;
}

function changedMeanwhile(id: string, revision: number): BarnacleError {
  return new BarnacleError("CONFLICT", `cron job ${id} was changed meanwhile; read it again`, {
    details: { configRevision: String(revision) },
  });
}

function same(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
