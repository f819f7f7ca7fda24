import { BarnacleError, type ErrorShape, messageOf } from "@barnacle/protocol/errors";
import { type Clock, Events, type Log } from "@barnacle/protocol/runtime";
import type { AgentRunEvents, AgentRuns, QueueMode, RunOutcome, RunRequest, StartedRun } from "../services.ts";
import { type StoredSessions, sessionKey } from "../sessions/index.ts";
import type { Store } from "../store/index.ts";
import type { Agents } from "./agents.ts";
import { Executor } from "./executor.ts";
import { Lanes } from "./lanes.ts";
import { assistantMessage, userMessage } from "./messages.ts";
import type { ChatResponder } from "./responder.ts";
import { isStop } from "./responders/slash.ts";
import { Run } from "./run.ts";
import { RunTable, type StoredRun } from "./table.ts";

/** Ended runs are remembered in memory, and on disk, this long. */
const REMEMBERED_MS = 10 * 60 * 1000;
const KEPT_MS = 24 * 60 * 60 * 1000;
const PRUNE_MS = 60 * 60 * 1000;
/** What waited longer than this while the hub was away is not acted on any more. */
const FRESH_MS = 10 * 60 * 1000;
const AT_ONCE = 8;
const MAX_WAITING = 50;
/** In all sessions: each call over HTTP may have one of its own. */
const MAX_WAITING_ALL = 1000;
const MAX_MESSAGE = 200_000;

export interface RunsOptions {
  readonly store: Store;
  readonly sessions: StoredSessions;
  readonly agents: Agents;
  readonly responders: readonly ChatResponder[];
  readonly clock: Clock;
  readonly log: Log;
  /** Longest run where the request states none. */
  readonly timeoutMs: number;
  readonly queueMode: QueueMode;
  readonly deliver?: (request: RunRequest, text: string) => Promise<void>;
}

/** Runs of agents: on disk before they are acknowledged, once per key, one after the other in each session. */
export class Runs implements AgentRuns {
  readonly events = new Events<AgentRunEvents>();
  readonly #options: RunsOptions;
  readonly #table: RunTable;
  readonly #executor: Executor;
  readonly #lanes: Lanes;
  readonly #runs = new Map<string, Run>();
  #closing = false;
  #endPruning: () => void = () => {};

  constructor(options: RunsOptions) {
    this.#options = options;
    this.#table = new RunTable(options.store);
    this.#executor = new Executor({ ...options, table: this.#table, events: this.events });
    this.#lanes = new Lanes({ atOnce: AT_ONCE, execute: (runs) => this.#executor.execute(runs) });
  }

  /** Goes on with what waited, and ends in its transcript what was under way when the hub ended. */
  async open(): Promise<void> {
    this.#closing = false;
    const now = this.#options.clock.now();
    await this.#prune();
    this.#endPruning = this.#options.clock.every(PRUNE_MS, () => void this.#prune());
    for (const stored of this.#table.open()) {
      const fresh = now - stored.acceptedAt <= FRESH_MS;
      if (fresh && (!stored.begun || stored.request.repeatable)) this.#again(stored);
      else await this.#giveUp(stored, fresh);
    }
  }

  /** Ends what is under way; what waits stays on disk for the next start. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#endPruning();
    const open = [...this.#runs.values()].filter((run) => run.state !== "ended");
    for (const run of open.filter(({ state }) => state === "waiting")) this.#lanes.remove(run);
    const running = open.filter(({ state }) => state === "running");
    for (const run of running) run.abort("hub-stopping");
    await Promise.all(running.map((run) => run.done));
    this.#runs.clear();
  }

  async start(given: RunRequest): Promise<StartedRun> {
    const { sessions, agents, clock, queueMode, timeoutMs } = this.#options;
    if (this.#closing) throw new BarnacleError("HUB_STOPPING", "the hub is stopping");
    // Acknowledged only when the first call's request is on disk. Without a first call nothing is waited for: between
    // looking and remembering, two calls with one key must not both find nobody.
    const first = this.#runs.get(given.runId);
    if (first) await first.accepted.promise;
    const known = this.#known(given.runId);
    if (known) return known;
    const target = sessionKey(given.sessionKey, given.agentId ?? agents.default.id);
    this.#check(given, target.key);
    agents.get(target.agentId);
    if (this.#lanes.waiting(target.key).length >= MAX_WAITING) {
      throw new BarnacleError("RATE_LIMITED", `${MAX_WAITING} messages wait in ${target.key} already`);
    }
    if (this.#lanes.size >= MAX_WAITING_ALL) {
      throw new BarnacleError("RATE_LIMITED", `${MAX_WAITING_ALL} messages wait already`);
    }
    const request: RunRequest = {
      ...given,
      sessionKey: target.key,
      queueMode: given.queueMode ?? queueMode,
      timeoutMs: given.timeoutMs ?? timeoutMs,
    };
    const at = clock.now();
    const run = new Run({ request, target, sessionId: "", acceptedAt: at });
    if (request.queueMode === "interrupt" || stops(request)) this.abort({ sessionKey: target.key, reason: "stop" });
    // In the table first, so that a second call with the key finds it while the first is being written.
    this.#remember(run);
    this.#lanes.add(run);
    try {
      await sessions.write((writer) => {
        const session = writer.ensure(target, { via: request.source });
        run.sessionId = session.sessionId;
        this.#table.insert(request, session, at);
      });
    } catch (error) {
      this.#runs.delete(request.runId);
      this.#lanes.remove(run);
      run.accepted.reject(error);
      throw error;
    }
    run.accepted.resolve();
    return started(run, true);
  }

  abort(which: { runId?: string; sessionKey?: string; reason?: "rpc" | "stop" }): readonly string[] {
    const { runId, sessionKey: session, reason = "rpc" } = which;
    const key = session === undefined ? undefined : sessionKey(session, this.#options.agents.default.id).key;
    const ended: string[] = [];
    for (const run of this.#runs.values()) {
      if (runId !== undefined ? run.request.runId !== runId : run.target.key !== key) continue;
      if (!run.abort(reason)) continue;
      ended.push(run.request.runId);
      // One that waits is ended now, not when its turn comes.
      if (this.#lanes.remove(run)) void this.#executor.execute([run]);
    }
    return ended;
  }

  async wait(runId: string, timeoutMs: number): Promise<RunOutcome | undefined> {
    const run = this.#known(runId);
    if (!run) throw new BarnacleError("NOT_FOUND", `no run has the id ${runId.slice(0, 80)}`);
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const cancel = this.#options.clock.after(timeoutMs, () => resolve(undefined));
    try {
      return await Promise.race([run.done, late]);
    } finally {
      cancel();
    }
  }

  active(session?: string): readonly string[] {
    return this.#open(session).map(({ request }) => request.runId);
  }

  /** An exchange that took place elsewhere, as a run that has ended. False: it is here already. */
  async enter(request: RunRequest, answer: { text: string; error?: ErrorShape; startedAt: number }): Promise<boolean> {
    if (this.#known(request.runId)) return false;
    const target = sessionKey(request.sessionKey, request.agentId ?? this.#options.agents.default.id);
    await this.#executor.enter({ ...request, sessionKey: target.key }, target, answer);
    return true;
  }

  underWay(session: string): { runId: string; text: string; startedAt: number } | undefined {
    const run = this.#open(session).find(({ state }) => state === "running");
    return run && { runId: run.request.runId, text: run.stream?.text ?? "", startedAt: run.startedAt };
  }

  waiting(session: string): readonly { runId: string; message: string; acceptedAt: number }[] {
    return this.#open(session)
      .filter(({ state }) => state === "waiting")
      .map(({ request, acceptedAt }) => ({ runId: request.runId, message: request.message, acceptedAt }));
  }

  #open(session?: string): Run[] {
    const key = session === undefined ? undefined : sessionKey(session, this.#options.agents.default.id).key;
    return [...this.#runs.values()].filter(
      (run) => run.state !== "ended" && (key === undefined || run.target.key === key),
    );
  }

  #known(runId: string): StartedRun | undefined {
    const run = this.#runs.get(runId);
    if (run) return started(run, false);
    const stored = this.#table.get(runId);
    if (!stored?.outcome) return undefined;
    const { outcome, sessionKey, sessionId } = stored;
    return { runId, created: false, sessionKey, sessionId, done: Promise.resolve(outcome) };
  }

  #check({ message, attachments, runId }: RunRequest, key: string): void {
    if (message.trim() === "" && !attachments?.length) {
      throw new BarnacleError("INPUT_INVALID", "message or attachment required");
    }
    if (message.length > MAX_MESSAGE) {
      throw new BarnacleError("INPUT_INVALID", `the message has ${message.length} characters; at most ${MAX_MESSAGE}`);
    }
    if (runId === "" || runId.length > 512) {
      throw new BarnacleError("INPUT_INVALID", "invalid run id: expected 1 to 512 characters");
    }
    if (this.#options.sessions.get(key)?.settings.sendPolicy === "deny") {
      throw new BarnacleError("FORBIDDEN", "send blocked by session policy");
    }
  }

  #remember(run: Run): void {
    const { clock } = this.#options;
    for (const [id, old] of this.#runs) {
      if (old.outcome && clock.now() - old.outcome.endedAt > REMEMBERED_MS) this.#runs.delete(id);
    }
    this.#runs.set(run.request.runId, run);
  }

  async #prune(): Promise<void> {
    const { store, clock, log } = this.#options;
    try {
      await store.commit(() => this.#table.prune(clock.now() - KEPT_MS));
    } catch (error) {
      log.warn({ problem: messageOf(error) }, "old runs could not be dropped");
    }
  }

  #again(stored: StoredRun): void {
    const { request, sessionKey: key, sessionId, acceptedAt, begun } = stored;
    const run = new Run({ request, target: sessionKey(key), sessionId, acceptedAt, resumed: begun });
    run.accepted.resolve();
    this.#remember(run);
    this.#lanes.add(run);
  }

  async #giveUp(stored: StoredRun, fresh: boolean): Promise<void> {
    const { clock, log } = this.#options;
    const { request, sessionKey: key, sessionId, acceptedAt, begun } = stored;
    const text = fresh
      ? "the hub was restarted while it answered"
      : "the hub was away when this came, and it is too old to act on";
    const error = new BarnacleError("HUB_STOPPING", text).toShape();
    const endedAt = clock.now();
    const outcome: RunOutcome = { status: "error", error, sessionKey: key, sessionId, startedAt: acceptedAt, endedAt };
    try {
      await this.#options.sessions.write((writer) => {
        const target = sessionKey(key);
        const { runId } = request;
        if (!begun) writer.append(target, { runId, message: userMessage(request, acceptedAt) });
        const message = assistantMessage({ text: "", at: endedAt, stopReason: "error", error });
        writer.append(target, { runId, message });
        writer.run(target, { runId, status: "failed", error: text });
        this.#table.end(request, outcome);
      });
    } catch (problem) {
      log.error({ runId: request.runId, problem: messageOf(problem) }, "an unfinished run could not be ended");
    }
  }
}

/** What a person types to end what is being answered. */
function stops({ source, message }: RunRequest): boolean {
  return (source === "chat" || source === "channel") && isStop(message);
}

function started(run: Run, created: boolean): StartedRun {
  const { request, target, sessionId, done } = run;
  return { runId: request.runId, created, sessionKey: target.key, sessionId, done };
}
