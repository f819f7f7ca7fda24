import { BarnacleError, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { AgentRuns, CronDeliveryStatus, CronJob, CronStatus, Sessions } from "../services.ts";

/** Longer answers are cut in the log; the session has them whole. */
const SUMMARY_CHARS = 2000;

export interface PayloadOptions {
  readonly runs: AgentRuns;
  readonly sessions: Sessions;
  /** Has the main session look at what waits for it. */
  readonly wake: (reason: string, sessionKey: string) => void;
  /** Sends an answer to a channel. */
  readonly deliver: (where: { channel?: string; to?: string }, text: string, key: string) => Promise<void>;
}

export interface Carried {
  readonly status: CronStatus;
  readonly error?: string;
  readonly summary?: string;
  readonly sessionKey?: string;
  readonly sessionId?: string;
  readonly deliveryStatus: CronDeliveryStatus;
  readonly deliveryError?: string;
}

/** Does what a job says. Never rejects: a failure is what became of it. */
export async function carryOut(job: CronJob, runId: string, options: PayloadOptions): Promise<Carried> {
  try {
    return await (job.payload.kind === "systemEvent" ? leaveText(job, options) : agentTurn(job, runId, options));
  } catch (error) {
    return { status: "error", error: toBarnacleError(error).message, deliveryStatus: "not-requested" };
  }
}

async function leaveText(job: CronJob, { sessions, wake }: PayloadOptions): Promise<Carried> {
  if (job.payload.kind !== "systemEvent") throw new BarnacleError("INTERNAL", "not a system event");
  const sessionKey = sessions.canonical(undefined, job.agentId);
  await sessions.systemEvent(sessionKey, job.payload.text);
  if (job.wakeMode === "now") wake(`cron:${job.id}`, sessionKey);
  return { status: "ok", summary: cut(job.payload.text), sessionKey, deliveryStatus: "not-requested" };
}

async function agentTurn(job: CronJob, runId: string, { runs, sessions, deliver }: PayloadOptions): Promise<Carried> {
  if (job.payload.kind !== "agentTurn") throw new BarnacleError("INTERNAL", "not an agent turn");
  const { message, model, thinking, timeoutSeconds } = job.payload;
  const run = await runs.start({
    runId,
    sessionKey: sessions.canonical(sessionOf(job), job.agentId),
    message,
    source: "cron",
    principal: { kind: "system", id: "cron" },
    origin: { kind: "cron", jobId: job.id, name: job.name },
    ...(job.agentId === undefined ? {} : { agentId: job.agentId }),
    ...(model === undefined ? {} : { model }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(timeoutSeconds ? { timeoutMs: timeoutSeconds * 1000 } : {}),
  });
  const { status, text, error, sessionKey, sessionId } = await run.done;
  const about = { sessionKey, sessionId, ...(text ? { summary: cut(text) } : {}) };
  if (status !== "ok") {
    return { status: "error", error: error?.message ?? `the run ended as ${status}`, ...about, ...NOT_REQUESTED };
  }
  const { delivery } = job;
  if (delivery?.mode !== "announce" || !text) return { status: "ok", ...about, ...NOT_REQUESTED };
  try {
    const { channel, to } = delivery;
    await deliver({ ...(channel === undefined ? {} : { channel }), ...(to === undefined ? {} : { to }) }, text, runId);
    return { status: "ok", ...about, deliveryStatus: "delivered" };
  } catch (problem) {
    const deliveryError = messageOf(problem);
    // The answer is in its session either way. A job that was to tell a named channel and could not has failed.
    const anywhere = delivery.channel === undefined || delivery.channel === "last";
    return (delivery.bestEffort ?? anywhere)
      ? { status: "ok", ...about, deliveryStatus: "not-delivered", deliveryError }
      : { status: "error", error: deliveryError, ...about, deliveryStatus: "not-delivered", deliveryError };
  }
}

const NOT_REQUESTED = { deliveryStatus: "not-requested" } as const;

function sessionOf(job: CronJob): string {
  if (job.sessionTarget === "current") return job.sessionKey ?? "main";
  if (job.sessionTarget.startsWith("session:")) return job.sessionTarget.slice("session:".length);
  return `cron:${job.id}`;
}

function cut(text: string): string {
  return text.length > SUMMARY_CHARS ? `${text.slice(0, SUMMARY_CHARS)}…` : text;
}
