import { messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import { type Clock, Events, type Log, type Random, type Unit } from "@barnacle/protocol/runtime";
import type { AgentRuns, HeartbeatEvent, HeartbeatSettings, Heartbeats, RunOutcome, Sessions } from "../services.ts";
import { intervalMs } from "./interval.ts";

/** What an agent says when nothing needs anybody. */
const ACK = "HEARTBEAT_OK";
/** Beside the acknowledgement this much is still no message. */
const ACK_MAX_CHARS = 300;
const PREVIEW_CHARS = 200;
/** The session was busy: how long until it is tried again. */
const BUSY_MS = 5_000;

export const HEARTBEAT_PROMPT =
  `Look at what waits in this session and at the state of the house. If somebody should know or do something now, say it in ` +
  `one or two sentences. If not, answer ${ACK} and nothing else.`;

export interface HeartbeatRunsOptions {
  readonly runs: AgentRuns;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Whether anything but the household's sentences can answer; without it a heartbeat asks nobody. */
  readonly answersFreely: boolean;
  readonly every: string;
  readonly prompt: string;
  /** Who is told: a room, `all` or `none`. */
  readonly target: string;
  readonly agentId?: string | undefined;
  readonly deliver: (where: { channel?: string; to?: string }, text: string, key: string) => Promise<void>;
}

/** Runs of the agent that nobody asked for: by interval, or when something woke it. One at a time; wakes meanwhile become one more. */
export class HeartbeatRuns implements Heartbeats, Unit {
  readonly events = new Events<{ beat: HeartbeatEvent }>();
  readonly #options: HeartbeatRunsOptions;
  #everyMs: number | null = null;
  #enabled = true;
  #last: HeartbeatEvent | null = null;
  #running = false;
  #waiting: { reason: string; sessionKey: string | undefined } | undefined;
  #endInterval: () => void = () => {};
  #endRetry: () => void = () => {};
  #started = false;

  constructor(options: HeartbeatRunsOptions) {
    this.#options = options;
  }

  /** @throws CONFIG_INVALID when the interval is no duration */
  async start(): Promise<void> {
    this.#everyMs = intervalMs(this.#options.every);
    this.#started = true;
    if (this.#everyMs !== null) {
      this.#endInterval = this.#options.clock.every(this.#everyMs, () => this.wake("interval"));
    }
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#endInterval();
    this.#endRetry();
  }

  settings(): HeartbeatSettings {
    const { every, prompt, target } = this.#options;
    const enabled = this.#enabled && this.#everyMs !== null;
    return { enabled, every, everyMs: this.#everyMs, prompt, target, ackMaxChars: ACK_MAX_CHARS };
  }

  last(): HeartbeatEvent | null {
    return this.#last;
  }

  setEnabled(enabled: boolean): void {
    this.#enabled = enabled;
  }

  wake(reason: string, sessionKey?: string): void {
    if (!this.#started) return;
    if (!this.#enabled || !this.#options.answersFreely) {
      const why = this.#enabled ? "no-model" : "disabled";
      this.#tell({ ts: this.#options.clock.now(), status: "skipped", reason: why });
      return;
    }
    this.#waiting = { reason, sessionKey };
    if (!this.#running) void this.#next();
  }

  async #next(): Promise<void> {
    const wanted = this.#waiting;
    if (!wanted || !this.#started) return;
    const { sessions, agentId, runs, clock, log } = this.#options;
    const sessionKey = wanted.sessionKey ?? sessions.canonical(undefined, agentId);
    if (runs.active(sessionKey).length > 0) {
      // What is being answered there may settle it; the wake is kept.
      this.#tell({ ts: clock.now(), status: "skipped", reason: "requests-in-flight" });
      this.#endRetry();
      this.#endRetry = clock.after(BUSY_MS, () => void this.#next());
      return;
    }
    this.#waiting = undefined;
    this.#running = true;
    try {
      this.#tell(await this.#beat(sessionKey, wanted.reason));
    } catch (error) {
      const reason = toBarnacleError(error).message;
      log.warn({ reason, sessionKey }, "a heartbeat failed");
      this.#tell({ ts: clock.now(), status: "failed", reason, indicatorType: "error" });
    } finally {
      this.#running = false;
    }
    await this.#next();
  }

  async #beat(sessionKey: string, reason: string): Promise<HeartbeatEvent> {
    const { runs, random, clock, prompt, agentId, target } = this.#options;
    const startedAt = clock.now();
    const runId = `heartbeat-${random.uuid()}`;
    const run = await runs.start({
      ...{ runId, sessionKey, message: prompt, source: "heartbeat" },
      principal: { kind: "system", id: "heartbeat" },
      origin: { kind: "heartbeat", reason },
      ...(agentId === undefined ? {} : { agentId }),
    });
    const outcome = await run.done;
    const about = { ts: clock.now(), durationMs: clock.now() - startedAt };
    if (outcome.status !== "ok") {
      return { ...about, status: "failed", reason: failureOf(outcome), indicatorType: "error" };
    }
    const text = messageIn(outcome.text ?? "");
    if (text === "") {
      const status = outcome.text?.includes(ACK) ? "ok-token" : "ok-empty";
      return { ...about, status, reason, silent: true, indicatorType: "ok" };
    }
    const preview = text.slice(0, PREVIEW_CHARS);
    if (target === "none") return { ...about, status: "sent", reason, preview, silent: true, indicatorType: "alert" };
    const to = target === "all" ? {} : { to: target };
    try {
      await this.#options.deliver({ channel: "rooms", ...to }, text, runId);
    } catch (error) {
      return { ...about, status: "failed", reason: messageOf(error), preview, indicatorType: "error", ...to };
    }
    return { ...about, status: "sent", reason, preview, channel: "rooms", ...to, indicatorType: "alert" };
  }

  #tell(beat: HeartbeatEvent): void {
    this.#last = beat;
    this.events.emit("beat", beat);
  }
}

/** The text without the acknowledgement; nothing when hardly anything is left. */
function messageIn(answer: string): string {
  const text = answer.trim();
  if (!text.startsWith(ACK) && !text.endsWith(ACK)) return text;
  const rest = text.replaceAll(ACK, "").trim();
  return rest.length <= ACK_MAX_CHARS ? "" : rest;
}

function failureOf({ status, error }: RunOutcome): string {
  return error?.message ?? `the run ended as ${status}`;
}
