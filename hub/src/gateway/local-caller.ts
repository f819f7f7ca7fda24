import { PROTOCOL_VERSIONS } from "@barnacle/protocol/gateway";
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

/** Nobody to send events to; each call ends with its answer. */
export const LOCAL_PEER: CallerPeer = {
  ...{ connId: "local", protocol: PROTOCOL_VERSIONS[0], caps: new Set(), subscriptions: new Set() },
  ended: new Promise(() => {}),
  sendEvent() {},
};
