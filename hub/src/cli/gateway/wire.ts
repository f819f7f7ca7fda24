import { BarnacleError, fromShape, isErrorCode } from "@barnacle/protocol/errors";
import { fromGatewayError } from "@barnacle/protocol/gateway";

/** The frames a client meets. Source: Moltbot gateway protocol 3, "frames". */
export interface ResponseFrame {
  readonly type: "res";
  readonly id: string;
  readonly ok: boolean;
  readonly payload?: unknown;
  readonly error?: unknown;
}

export interface EventFrame {
  readonly type: "event";
  readonly event: string;
  readonly payload?: unknown;
}

/** Undefined for anything that is not a frame: a client ignores what it doesn't know. */
export function parseFrame(text: string): ResponseFrame | EventFrame | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    // Not JSON: the same as an unknown frame.
    return undefined;
  }
  if (!isObject(frame)) return undefined;
  if (frame.type === "res" && typeof frame.id === "string")
    return { type: "res", id: frame.id, ok: frame.ok === true, payload: frame.payload, error: frame.error };
  if (frame.type === "event" && typeof frame.event === "string")
    return { type: "event", event: frame.event, payload: frame.payload };
  return undefined;
}

/**
 * Back from the wire's five codes to Barnacle's own. A node's own error is nested in `details.nodeError`; a refused pairing
 * names the request that an operator has to approve.
 */
export function errorFromWire(error: unknown): BarnacleError {
  if (!isObject(error) || typeof error.code !== "string" || typeof error.message !== "string")
    return new BarnacleError("INTERNAL", "the hub refused without saying why");
  const { code, message } = error;
  const details = isObject(error.details) ? error.details : {};
  if (code === "NOT_PAIRED" && typeof details.requestId === "string")
    return new BarnacleError("NOT_PAIRED", `${message}: this computer asks to be approved`, {
      hint: `On the hub's machine: barnacle devices approve ${details.requestId}`,
      details: { requestId: details.requestId },
    });
  const node = isObject(details.nodeError) ? details.nodeError : undefined;
  if (node && isErrorCode(node.code) && !isObject(details.barnacle)) return fromShape({ message, ...node });
  return fromGatewayError({ code, message, details } as Parameters<typeof fromGatewayError>[0]);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
