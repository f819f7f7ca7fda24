import { BarnacleError } from "@barnacle/protocol/errors";
import type { AgentProfile } from "../config/agent.ts";
import { MAIN } from "../sessions/index.ts";

/** An assistant with a name; its sessions are `agent:<id>:…`. */
export interface Agent extends AgentProfile {
  readonly name: string;
  readonly isDefault: boolean;
}

/** The assistants of the configuration; without any there is one, `main`, with the hub's name. */
export class Agents {
  readonly #list: readonly Agent[];

  constructor(options: { profiles: readonly AgentProfile[]; hubName: string }) {
    const { profiles, hubName } = options;
    const given = profiles.length > 0 ? profiles : [{ id: MAIN }];
    this.#list = given.map((profile, n) => ({
      ...profile,
      name: profile.name ?? (profile.id === MAIN ? hubName : profile.id),
      isDefault: n === 0,
    }));
  }

  list(): readonly Agent[] {
    return this.#list;
  }

  get default(): Agent {
    return this.#list[0] as Agent;
  }

  find(id: string): Agent | undefined {
    return this.#list.find((agent) => agent.id === id.toLowerCase());
  }

  /** @throws NOT_FOUND */
  get(id: string): Agent {
    const agent = this.find(id);
    if (agent) return agent;
    throw new BarnacleError("NOT_FOUND", `unknown agent id "${id.slice(0, 80)}"`);
  }
}
