import { BarnacleError, type ErrorCode, fromShape, isErrorCode } from "../errors/index.ts";
import type { GatewayErrorBody } from "./frames.ts";

/**
 * A failure as the Moltbot wire has it: one of five codes and the text that clients look at. Our own code and hint travel
 * under `details.barnacle`, where foreign clients don't look.
 */
export function toGatewayError(error: BarnacleError): GatewayErrorBody {
  return {
    code: error.entry.gateway,
    message: error.message === "" ? error.entry.summary : error.message,
    details: { ...error.details, barnacle: { code: error.code, hint: error.hint } },
    ...(error.retryable ? { retryable: true } : {}),
  };
}

/** The way back: our own code when the peer is a Barnacle hub, else the one that the wire text means. */
export function fromGatewayError(body: GatewayErrorBody): BarnacleError {
  const details = isObject(body.details) ? body.details : {};
  const { barnacle, ...rest } = details;
  if (isObject(barnacle) && isErrorCode(barnacle.code)) {
    return fromShape({ code: barnacle.code, hint: barnacle.hint, message: body.message, details: rest });
  }
  return new BarnacleError(codeOf(body), body.message, { details: { ...rest, gatewayCode: body.code } });
}

const TEXTS: readonly [RegExp, ErrorCode][] = [
  [/^unauthorized: /, "UNAUTHORIZED"],
  [/^(missing scope|unauthorized role)/, "FORBIDDEN"],
  [/^unknown method/, "METHOD_UNKNOWN"],
  [/^protocol mismatch/, "PROTOCOL_MISMATCH"],
  [/^device (identity mismatch|signature|nonce|public key)/, "PROOF_INVALID"],
  [/^unknown (nodeId|deviceId)/, "DEVICE_UNKNOWN"],
  [/^unknown requestId/, "REQUEST_UNKNOWN"],
  [/^node command not allowed/, "POLICY_DENIED"],
  [/^node invoke timed out/, "COMMAND_TIMEOUT"],
  [/^node not connected/, "DEVICE_OFFLINE"],
];

function codeOf(body: GatewayErrorBody): ErrorCode {
  if (body.code === "NOT_PAIRED") return "NOT_PAIRED";
  for (const [text, code] of TEXTS) if (text.test(body.message)) return code;
  return body.code === "UNAVAILABLE" ? "COMMAND_FAILED" : "INPUT_INVALID";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
