import type { Clock, Log, Random } from "@barnacle/protocol/runtime";
import type { Agents, Models, Toolbox } from "../agent/index.ts";
import type { HooksConfig } from "../config/agent.ts";
import type { AgentRuns, Principal, SessionBook } from "../services.ts";

/** What the HTTP services work on. */
export interface ApiParts {
  readonly runs: AgentRuns;
  readonly sessions: SessionBook;
  readonly agents: Agents;
  readonly models: Models;
  readonly toolbox: Toolbox;
  readonly heartbeats: { wake(reason: string, sessionKey?: string): void };
  /** The gateway's own secrets: token, and password if there is one. */
  readonly secrets: readonly string[];
  readonly hooks: HooksConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Whoever knows the gateway's token. Not an administrator: a program on the network holds it. */
export const API_PRINCIPAL: Principal = {
  kind: "operator",
  id: "http",
  name: "HTTP API",
  scopes: ["operator.write"],
};
