import { Type } from "@sinclair/typebox";
import { ALL_SESSIONS } from "../announce/agent.ts";
import { type Method, method } from "./method.ts";
import { AgentId, Flag, Key, Keyed, keyOf } from "./session-params.ts";
import { ListParams, sessionList } from "./sessions-read.ts";

/** Which sessions a connection hears of. Source: gateway protocol 4, "session list bootstrap". */
export const sessionWatchMethods: readonly Method[] = [
  method({
    name: "sessions.subscribe",
    access: "read",
    params: Type.Union([ListParams, Type.Null()]),
    run(params, context) {
      context.peer.subscriptions.add(ALL_SESSIONS);
      // A client that says what it wants listed is given the list along with it.
      const list = params !== null && Object.keys(params).length > 0 ? sessionList(params, context) : undefined;
      return { subscribed: true, ...(list ? { list } : {}) };
    },
  }),
  method({
    name: "sessions.unsubscribe",
    access: "read",
    params: Type.Unknown(),
    run(_params, { peer }) {
      peer.subscriptions.delete(ALL_SESSIONS);
      return { subscribed: false };
    },
  }),
  method({
    name: "sessions.messages.subscribe",
    access: "read",
    params: Type.Object({ key: Key, agentId: AgentId, includeApprovals: Flag }),
    run({ key: given, agentId, includeApprovals }, context) {
      const key = keyOf(given, agentId, context);
      context.peer.subscriptions.add(key);
      return {
        subscribed: true,
        key,
        ...(includeApprovals ? { approvalReplay: noApprovals(key, context.hub.clock.now()) } : {}),
      };
    },
  }),
  method({
    name: "sessions.messages.unsubscribe",
    access: "read",
    params: Keyed,
    run({ key: given, agentId }, context) {
      const key = keyOf(given, agentId, context);
      context.peer.subscriptions.delete(key);
      return { subscribed: false, key };
    },
  }),
];

/** Approvals belong to nobody's session here; they are told to everybody with the scope. */
function noApprovals(sessionKey: string, updatedAtMs: number) {
  return { sessionKey, updatedAtMs, approvals: [], truncated: false };
}
