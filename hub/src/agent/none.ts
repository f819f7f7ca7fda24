import { BarnacleError } from "@barnacle/protocol/errors";
import { Events } from "@barnacle/protocol/runtime";
import type { AgentRunEvents, AgentRuns, Sessions } from "../services.ts";
import { sessionKey } from "../sessions/key.ts";

/** Runs of a hub that has no agent: each start is refused by name. */
export class NoRuns implements AgentRuns {
  readonly events = new Events<AgentRunEvents>();

  async start(): Promise<never> {
    throw new BarnacleError("METHOD_NOT_HERE", "this hub has no agent");
  }

  abort(): readonly string[] {
    return [];
  }

  async wait(runId: string): Promise<undefined> {
    throw new BarnacleError("NOT_FOUND", `no run has the id ${runId.slice(0, 80)}`);
  }

  active(): readonly string[] {
    return [];
  }
}

/** Session keys alone. */
export const noSessions: Sessions = {
  canonical: (key, agentId) => sessionKey(key, agentId).key,
  async systemEvent() {
    throw new BarnacleError("METHOD_NOT_HERE", "this hub has no agent");
  },
  systemEvents: () => [],
};
