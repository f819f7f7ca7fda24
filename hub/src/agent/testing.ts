import { Events, FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type {
  AgentEvent,
  AgentRunEvents,
  AgentRuns,
  ChatEvent,
  RunOutcome,
  RunRequest,
  Sessions,
  StartedRun,
} from "../services.ts";
import { StoredSessions } from "../sessions/index.ts";
import type { Store } from "../store/index.ts";
import { temporaryStore } from "../store/testing.ts";
import { Agents } from "./agents.ts";
import type { ChatResponder } from "./responder.ts";
import { Runs, type RunsOptions } from "./runs.ts";

type Teardown = Parameters<typeof temporaryStore>[0];

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

  underWay(): undefined {
    return undefined;
  }

  waiting(): readonly never[] {
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

/** Runs on a store, answered by the responders that a test gives. */
export interface TestRuns {
  readonly clock: FakeClock;
  readonly sessions: StoredSessions;
  readonly runs: Runs;
  readonly store: Store;
  readonly agent: AgentEvent[];
  readonly chat: ChatEvent[];
}

export async function testRuns(
  t: Teardown,
  respond: ChatResponder["respond"],
  patch: Partial<RunsOptions> = {},
): Promise<TestRuns> {
  const clock = (patch.clock as FakeClock | undefined) ?? new FakeClock();
  const store = patch.store ?? (await temporaryStore(t, clock));
  const sessions = new StoredSessions({ store, clock, random: seededRandom(++seed) });
  await sessions.start();
  const runs = new Runs({
    ...{ store, sessions, clock, log: silentLog, timeoutMs: 60_000, queueMode: "followup" },
    agents: new Agents({ profiles: [], hubName: "Test" }),
    responders: [{ name: "test", respond }],
    ...patch,
  });
  const agent: AgentEvent[] = [];
  const chat: ChatEvent[] = [];
  runs.events.on("agent", (event) => agent.push(event));
  runs.events.on("chat", (event) => chat.push(event));
  await runs.open();
  return { clock, sessions, runs, store, agent, chat };
}

let next = 0;
/** Two services on one store must not make the same ids. */
let seed = 100;

/** A message of an operator, with a key of its own. */
export function message(text: string, patch: Partial<RunRequest> = {}): RunRequest {
  next += 1;
  const principal = { kind: "operator" as const, id: "anna", name: "Anna", scopes: ["operator.admin"] };
  return { runId: `run-${next}`, sessionKey: "main", message: text, source: "chat", principal, ...patch };
}
