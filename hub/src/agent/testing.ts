import { Events } from "@barnacle/protocol/runtime";
import type { AgentRunEvents, AgentRuns, RunOutcome, RunRequest, Sessions, StartedRun } from "../services.ts";

/** Runs that a test answers; the default answer repeats the message. */
export class FakeRuns implements AgentRuns {
  readonly events = new Events<AgentRunEvents>();
  readonly requests: RunRequest[] = [];
  readonly aborted: string[] = [];
  answer: (request: RunRequest) => Promise<Partial<RunOutcome>> = async ({ message }) => ({ text: message });
  readonly #runs = new Map<string, StartedRun>();

  async start(request: RunRequest): Promise<StartedRun> {
    const known = this.#runs.get(request.runId);
    if (known) return { ...known, created: false };
    this.requests.push(request);
    const about = { sessionKey: canonicalKey(request.sessionKey, request.agentId), sessionId: "s1" };
    const done = this.answer(request).then(
      (outcome): RunOutcome => ({ status: "ok", startedAt: 1, endedAt: 2, ...about, ...outcome }),
    );
    const run = { runId: request.runId, created: true, ...about, done };
    this.#runs.set(request.runId, run);
    return run;
  }

  abort({ runId, sessionKey }: { runId?: string; sessionKey?: string }): readonly string[] {
    const id = runId ?? sessionKey ?? "";
    this.aborted.push(id);
    return [id];
  }

  async wait(runId: string): Promise<RunOutcome | undefined> {
    return this.#runs.get(runId)?.done;
  }

  active(): readonly string[] {
    return [];
  }
}

/** Sessions without a store. */
export class FakeSessions implements Sessions {
  readonly queued: { sessionKey: string; text: string }[] = [];

  canonical(key: string | undefined, agentId?: string): string {
    return canonicalKey(key, agentId);
  }

  async systemEvent(sessionKey: string, text: string): Promise<void> {
    this.queued.push({ sessionKey: canonicalKey(sessionKey), text });
  }

  systemEvents(sessionKey: string): readonly string[] {
    const key = canonicalKey(sessionKey);
    return this.queued.filter((event) => event.sessionKey === key).map((event) => event.text);
  }
}

function canonicalKey(key = "main", agentId = "main"): string {
  return key.startsWith("agent:") ? key : `agent:${agentId}:${key}`;
}
