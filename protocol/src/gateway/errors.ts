import { BarnacleError, type ErrorCode, fromShape, type GatewayErrorCode, isErrorCode } from "../errors/index.ts";
import type { GatewayErrorBody } from "./frames.ts";

/** What the wire says where it must use other words than ours. */
export interface WireText {
  readonly code?: GatewayErrorCode;
  readonly message?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * A failure as the Moltbot wire has it: one of five codes and the text that clients look at. Our own code, hint and words
 * travel under `details.barnacle`, where foreign clients don't look.
 */
export function toGatewayError(error: BarnacleError, wire: WireText = {}): GatewayErrorBody {
  const message = wire.message ?? (error.message === "" ? error.entry.summary : error.message);
  const own = { code: error.code, hint: error.hint, ...(message === error.message ? {} : { message: error.message }) };
  const wait = error.details?.retryAfterMs;
  return {
    code: wire.code ?? error.entry.gateway,
    message,
    details: { ...error.details, ...wire.details, barnacle: own },
    ...(error.retryable ? { retryable: true } : {}),
    ...(typeof wait === "number" ? { retryAfterMs: Math.ceil(wait) } : {}),
  };
}

/** The way back: our own code when the peer is a Barnacle hub, else the one that the wire text means. */
export function fromGatewayError(body: GatewayErrorBody): BarnacleError {
  const details = isObject(body.details) ? body.details : {};
  const { barnacle, ...rest } = details;
  if (isObject(barnacle) && isErrorCode(barnacle.code)) {
    return fromShape({
      code: barnacle.code,
      hint: barnacle.hint,
      message: barnacle.message ?? body.message,
      details: rest,
    });
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
