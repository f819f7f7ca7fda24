import { BarnacleError, type ErrorShape, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Events, Log } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { AgentRunEvents, RunOutcome, RunRequest, RunStatus } from "../services.ts";
import type { SessionKey, StoredSessions } from "../sessions/index.ts";
import type { Agents } from "./agents.ts";
import { assistantMessage, errorKind, userMessage } from "./messages.ts";
import type { Answer, Ask, ChatResponder, Output } from "./responder.ts";
import type { Run } from "./run.ts";
import { RunStream } from "./stream.ts";
import type { RunTable } from "./table.ts";

export interface ExecutorOptions {
  readonly sessions: StoredSessions;
  readonly table: RunTable;
  readonly agents: Agents;
  /** Asked in order; the last one answers everything. */
  readonly responders: readonly ChatResponder[];
  readonly events: Events<AgentRunEvents>;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeoutMs: number;
  /** Sends a reply to where its request came from. */
  readonly deliver?: ((request: RunRequest, text: string) => Promise<void>) | undefined;
}

interface Facts {
  /** Since the last record. */
  text: string;
  provider?: string;
  model?: string;
}

/** Carries runs out: message into the transcript, responders, answer into the transcript, then the events that say so. */
export class Executor {
  readonly #options: ExecutorOptions;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** Several are answered as one message; the events and the answer carry the id of the first. */
  async execute(runs: readonly Run[]): Promise<void> {
    const [run] = runs as [Run];
    const { clock, log } = this.#options;
    let outcome: RunOutcome;
    try {
      for (const one of runs) await one.accepted.promise;
      outcome = run.abortReason ? await this.#neverBegun(run) : await this.#carryOut(runs);
    } catch (error) {
      // Not even the outcome could be written. The run stays open on disk, and a restart ends it.
      log.error({ runId: run.request.runId, problem: messageOf(error) }, "a run could not be kept");
      const shape = toBarnacleError(error).toShape();
      const now = clock.now();
      const { target, sessionId } = run;
      outcome = {
        ...{ status: "error", error: shape, sessionKey: target.key, sessionId },
        ...{ startedAt: run.startedAt || now, endedAt: now },
      };
      run.stream?.failed({ errorMessage: shape.message, errorKind: "unknown" });
    }
    for (const one of runs) one.end(outcome);
  }

  async #carryOut(runs: readonly Run[]): Promise<RunOutcome> {
    const [run] = runs as [Run];
    const { clock, agents } = this.#options;
    const facts: Facts = { text: "" };
    const { notes, upTo } = await this.#begin(runs);
    const stream = run.stream as RunStream;
    stream.start(run.startedAt);
    const cancel = clock.after(run.request.timeoutMs ?? this.#options.timeoutMs, () => run.abort("timeout"));
    try {
      const agent = agents.get(run.target.agentId);
      const ask = this.#ask(runs, { agent, notes, upTo });
      const answer = await Promise.race([this.#answer(ask, this.#output(run, facts)), aborted(run)]);
      return await this.#finish(runs, facts, { answer });
    } catch (error) {
      return await this.#finish(runs, facts, { error: toBarnacleError(error) });
    } finally {
      cancel();
      // What still works on it is told to stop.
      run.controller.abort();
    }
  }

  #begin(runs: readonly Run[]) {
    const [run] = runs as [Run];
    const { sessions, table, clock } = this.#options;
    return sessions.write((writer) => {
      const { request, target } = run;
      run.startedAt = clock.now();
      const session = writer.ensure(target, { via: request.source });
      run.sessionId = session.sessionId;
      const { runId } = request;
      run.stream = this.#stream(run);
      run.state = "running";
      for (const { request: one, resumed } of runs) {
        table.begin(one.runId, session.sessionId);
        if (!resumed) writer.append(target, { runId: one.runId, message: userMessage(one, clock.now()) });
      }
      writer.run(target, { runId, status: "running" });
      return { notes: writer.takeNotes(target), upTo: session.lastSeq };
    });
  }

  #ask(runs: readonly Run[], facts: Pick<Ask, "agent" | "notes"> & { upTo: number }): Ask {
    const [run] = runs as [Run];
    const { request, target, sessionId, controller } = run;
    const settings = this.#options.sessions.get(target.key)?.settings ?? {};
    const thinking = request.thinking ?? settings.thinkingLevel;
    const model = request.model ?? settings.model ?? facts.agent.model;
    const { runId, source, principal, room, extraSystemPrompt, attachments = [] } = request;
    return {
      ...{ runId, source, principal, attachments, agent: facts.agent, notes: facts.notes },
      ...{ sessionKey: target.key, signal: controller.signal },
      message: runs.map((one) => one.request.message).join("\n\n"),
      ...(room === undefined ? {} : { room }),
      ...(extraSystemPrompt === undefined ? {} : { extraSystemPrompt }),
      ...(typeof thinking === "string" ? { thinking } : {}),
      ...(typeof model === "string" ? { model } : {}),
      history: (limit) =>
        this.#options.sessions
          .history(target.key, { limit: limit + runs.length })
          .messages.filter((message) => message.sessionId === sessionId && message.seq <= facts.upTo)
          .slice(-limit),
    };
  }

  #output(run: Run, facts: Facts): Output {
    const { sessions } = this.#options;
    const stream = run.stream as RunStream;
    const open = () => !run.controller.signal.aborted;
    return {
      text(delta) {
        if (!open() || delta === "") return;
        // A new thought after a tool's result begins a paragraph.
        stream.delta(facts.text === "" && stream.text !== "" ? `\n\n${delta}` : delta);
        facts.text += delta;
      },
      tool: (step) => {
        if (open()) stream.tool({ ...step } as unknown as JsonObject);
      },
      model(provider, model) {
        if (!open()) return;
        facts.provider = provider;
        facts.model = model;
        stream.model(provider, model);
      },
      async record(message) {
        if (!open()) return;
        await sessions.write((writer) => writer.append(run.target, { runId: run.request.runId, message }));
        facts.text = "";
      },
    };
  }

  async #answer(ask: Ask, out: Output): Promise<Answer> {
    for (const responder of this.#options.responders) {
      const answer = await responder.respond(ask, out);
      if (answer) return answer;
    }
    throw new BarnacleError("NOT_UNDERSTOOD", "nothing on this hub answers messages");
  }

  async #finish(
    runs: readonly Run[],
    facts: Facts,
    result: { answer: Answer } | { error: BarnacleError },
  ): Promise<RunOutcome> {
    const [run] = runs as [Run];
    const { sessions, table, clock } = this.#options;
    const { target, request, abortReason, startedAt } = run;
    const answer = "answer" in result ? result.answer : undefined;
    if (answer?.text !== undefined && answer.text !== facts.text) {
      // Said as a whole, or corrected at the end.
      if (facts.text === "") run.stream?.delta(answer.text);
      facts.text = answer.text;
    }
    const failure = "error" in result ? abortError(run, result.error) : undefined;
    const status = statusOf(run, failure);
    const stopReason = failure ? (abortReason ?? "error") : (answer?.stopReason ?? "stop");
    const error = status === "aborted" ? undefined : failure?.toShape();
    const at = clock.now();
    const outcome: RunOutcome = {
      status,
      ...(facts.text === "" ? {} : { text: facts.text }),
      ...(error ? { error } : {}),
      ...(answer?.usage ? { usage: answer.usage } : {}),
      ...(facts.provider === undefined ? {} : { provider: facts.provider }),
      ...(facts.model === undefined ? {} : { model: facts.model }),
      ...{ sessionKey: target.key, sessionId: run.sessionId, startedAt, endedAt: at },
    };
    await sessions.write((writer) => {
      if (facts.text !== "" || error) {
        const usage = answer?.usage;
        const message = assistantMessage({ ...facts, at, stopReason, usage, error });
        writer.append(target, { runId: request.runId, message });
      }
      writer.used(target, answer?.usage, facts);
      writer.run(target, { runId: request.runId, status: ROW_STATUS[status], error: error?.message });
      for (const one of runs) {
        table.end(one.request, outcome);
        // Before it is announced: whoever hears of the session then finds it at rest.
        one.state = "ended";
      }
    });
    if (status === "ok") {
      this.#deliver(request, facts.text);
      run.stream?.end({ startedAt, stopReason, ...(answer?.usage ? { usage: answer.usage } : {}) });
    } else if (status === "error" && failure) {
      run.stream?.failed({ errorMessage: failure.message, errorKind: errorKind(failure) });
    } else {
      run.stream?.aborted({ startedAt, stopReason });
    }
    return outcome;
  }

  /** The run has ended whether or not the way to its asker works. */
  #deliver(request: RunRequest, text: string): void {
    const { deliver, log } = this.#options;
    const { channel, to } = request.origin ?? {};
    if (!request.deliver || !deliver || text === "" || (channel === undefined && to === undefined)) return;
    deliver(request, text).catch((error: unknown) => {
      log.warn(
        { runId: request.runId, problem: messageOf(error) },
        "a reply could not be sent to where it was asked for",
      );
    });
  }

  /** Ended while it waited: its message is kept, nothing is answered, and the session's own run is not touched. */
  async #neverBegun(run: Run): Promise<RunOutcome> {
    const { sessions, table, clock } = this.#options;
    const at = clock.now();
    const { request, target } = run;
    const outcome = await sessions.write((writer): RunOutcome => {
      run.sessionId = writer.ensure(target, { via: request.source }).sessionId;
      if (!run.resumed) writer.append(target, { runId: request.runId, message: userMessage(request, at) });
      const about = { sessionKey: target.key, sessionId: run.sessionId, startedAt: at, endedAt: at };
      const ended: RunOutcome = { status: "aborted", ...about };
      table.end(request, ended);
      run.state = "ended";
      return ended;
    });
    this.#stream(run).aborted({ startedAt: at, stopReason: run.abortReason ?? "stop" });
    return outcome;
  }

  /** Question and answer of an exchange that is over, in one commit. */
  async enter(
    request: RunRequest,
    target: SessionKey,
    answer: { text: string; error?: ErrorShape; startedAt: number },
  ): Promise<void> {
    const { sessions, table, clock } = this.#options;
    const { text, error, startedAt } = answer;
    const endedAt = clock.now();
    const sessionId = await sessions.write((writer) => {
      const { runId } = request;
      const session = writer.ensure(target, { via: request.source });
      table.insert(request, session, startedAt);
      writer.append(target, { runId, message: userMessage(request, startedAt) });
      writer.append(target, { runId, message: assistantMessage({ text, at: endedAt, stopReason: "stop" }) });
      writer.run(target, { runId, status: error ? "failed" : "done", error: error?.message });
      const about = { sessionKey: target.key, sessionId: session.sessionId, startedAt, endedAt };
      table.end(request, { status: "ok", text, ...(error ? { error } : {}), ...about });
      return session.sessionId;
    });
    const stream = this.#stream({ request, target, sessionId });
    stream.start(startedAt);
    stream.delta(text);
    stream.end({ startedAt, stopReason: "stop" });
  }

  #stream(run: Pick<Run, "request" | "target" | "sessionId">): RunStream {
    const { clock, events } = this.#options;
    const { request, target, sessionId } = run;
    const about = { runId: request.runId, sessionKey: target.key, sessionId, agentId: target.agentId };
    return new RunStream({ events, clock, about });
  }
}

const ROW_STATUS: Readonly<Record<RunOutcome["status"], RunStatus>> = {
  ok: "done",
  error: "failed",
  timeout: "timeout",
  aborted: "killed",
};

function statusOf({ abortReason }: Run, failure: BarnacleError | undefined): RunOutcome["status"] {
  if (!failure) return "ok";
  if (abortReason === "timeout") return "timeout";
  return abortReason === "rpc" || abortReason === "stop" ? "aborted" : "error";
}

/** Rejects when the run is aborted, so that nobody waits for a responder that does not listen. */
function aborted(run: Run): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = () => reject(abortError(run, undefined));
    if (run.controller.signal.aborted) end();
    else run.controller.signal.addEventListener("abort", end, { once: true });
  });
}

/** Whatever a responder made of being told to stop, the reason is why it was told. */
function abortError({ abortReason, request }: Run, error: BarnacleError | undefined): BarnacleError {
  if (abortReason === "timeout") {
    return new BarnacleError("TIMEOUT", `no answer within ${Math.round((request.timeoutMs ?? 0) / 1000)} s`);
  }
  if (abortReason === "hub-stopping") return new BarnacleError("HUB_STOPPING", "the hub was stopped while it answered");
  return error ?? new BarnacleError("CONFLICT", "the run was stopped");
}
