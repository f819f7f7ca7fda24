/** What an agent is in the town; `overseer` is the person it acts for. */
export const AGENT_ROLES = ["mayor", "witness", "refinery", "polecat", "crew", "deacon", "overseer"] as const;
export type AgentRole = (typeof AGENT_ROLES)[number];

/**
 * Who asks. `voice` is a person heard by a node; its id is the node's. `agent` is a worker of the town; its id is its
 * address, `barn/polecats/toast`.
 */
export interface Principal {
  readonly kind: "operator" | "node" | "voice" | "system" | "agent";
  readonly id: string;
  readonly name?: string;
  /** Gateway scopes of an operator. */
  readonly scopes?: readonly string[];
  readonly room?: string;
  /** Of an agent. */
  readonly role?: AgentRole;
}
