import { BarnacleError, hasCode, toBarnacleError } from "@barnacle/protocol/errors";
import { decode, type NodeState, topicFor } from "@barnacle/protocol/mqtt";
import type { AuthenticateError } from "aedes";
import type { WillMessage } from "./session.ts";

/**
 * A will may only say that this very connection of this very device is gone.
 * @throws FORBIDDEN, MESSAGE_MALFORMED
 */
export function checkWill(
  address: { readonly site: string; readonly node: string },
  will: WillMessage | undefined,
  incarnation: number,
  nowMs: number,
): NodeState | undefined {
  if (!will) return undefined;
  const topic = topicFor(address, "state");
  if (will.topic !== topic || !will.retain || will.qos > 1) {
    throw new BarnacleError("FORBIDDEN", `a will must be retained, of QoS 0 or 1, on ${topic}`);
  }
  const { body } = decode("state", will.payload, nowMs);
  if (body.status !== "offline" || body.incarnation !== incarnation) {
    throw new BarnacleError("FORBIDDEN", "a will must say `offline` with the incarnation of its own connection");
  }
  return body;
}

/** MQTT 3.1.1 CONNACK codes: 3 server unavailable, 4 bad user name or password, 5 not authorized. */
export function refusal(error: unknown): AuthenticateError {
  const returnCode = hasCode(error, "PROOF_INVALID")
    ? 4
    : hasCode(error, "NOT_PAIRED", "DEVICE_BLOCKED", "DEVICE_UNKNOWN", "FORBIDDEN", "MESSAGE_MALFORMED")
      ? 5
      : 3;
  return Object.assign(toBarnacleError(error), { returnCode }) as AuthenticateError;
}
