import { PROTOCOL_VERSIONS } from "@barnacle/protocol/gateway";
import { AGENT_ROLES, type AgentRole, type Principal } from "../services/principal.ts";
import { NOUNS } from "../town/nouns.ts";
import type { Caller, CallerPeer } from "./methods/method.ts";

/** Methods that the local socket serves. */
export const LOCAL = new RegExp(`^(?:beads|${NOUNS.join("|")})\\.`);

const SCOPES = ["operator.admin", "operator.approvals", "operator.pairing"];

export function localCaller(): Caller {
  return {
    ...{ connId: "local", role: "operator", scopes: SCOPES, clientId: "cli", phoneApp: false },
    principal: { kind: "operator", id: "token:cli", name: "cli", scopes: SCOPES },
  };
}

const AGENT_SCOPES = ["operator.read", "operator.write"];

/** A worker of the town: what it may is said by its role. */
export function agentCaller({ address, role }: { readonly address: string; readonly role: string }): Caller {
  return {
    ...{ connId: "local", role: "operator", scopes: AGENT_SCOPES, clientId: "cli", phoneApp: false },
    principal: { kind: "agent", id: address, name: address, role: roleOf(role), scopes: AGENT_SCOPES },
  };
}

/** A dog is a hand of the deacon, and so is boot. Whoever else it may be is a worker, which may least. */
function roleOf(role: string): AgentRole {
  return AGENT_ROLES.find((one) => one === role) ?? (role === "dog" || role === "boot" ? "deacon" : "polecat");
}

/** Who asks without a connection. */
export function callerOf(principal: Principal): Caller {
  const { scopes = [] } = principal;
  return { connId: "mcp", role: "operator", scopes, clientId: "mcp", phoneApp: false, principal };
}

/** Nobody to send events to; each call ends with its answer. */
export const LOCAL_PEER: CallerPeer = {
  ...{ connId: "local", protocol: PROTOCOL_VERSIONS[0], caps: new Set(), subscriptions: new Set() },
  ended: new Promise(() => {}),
  sendEvent() {},
};
