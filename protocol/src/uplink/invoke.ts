import type { NodeInvokeRequest } from "../gateway/index.ts";
import type { CommandRequest, CommandResult, JsonObject } from "../schema/index.ts";
import { gatewayKey } from "./address.ts";

const DEFAULT_MS = 30_000;

/**
 * A gateway's order as a command of this house. The key gets the gateway's name before it, so that keys of two gateways
 * cannot meet; a gateway that gives none is given the order's own id.
 * @returns what is wrong with it, when it cannot be one
 */
export function commandOf(url: string, request: NodeInvokeRequest): CommandRequest | string {
  const { id, command, paramsJSON, timeoutMs, idempotencyKey } = request;
  let params: unknown = {};
  try {
    params = paramsJSON ? JSON.parse(paramsJSON) : {};
  } catch {
    return "paramsJSON is not JSON";
  }
  if (typeof params !== "object" || params === null || Array.isArray(params)) return "the parameters are not an object";
  return {
    commandId: id
      .toLowerCase()
      .replace(/[^a-z0-9_-]/g, "-")
      .slice(0, 64),
    command,
    params: params as JsonObject,
    idempotencyKey: `${gatewayKey(url)}:${idempotencyKey ?? id}`.slice(0, 200),
    timeoutMs: timeoutMs || DEFAULT_MS,
  };
}

/** `node.invoke.result`. A failure's text begins with its code, as the apps have it; their tables of codes are short. */
export function answerOf({ id, nodeId }: NodeInvokeRequest, result: CommandResult): JsonObject {
  const { ok, payload, error } = result;
  if (ok) return { id, nodeId, ok, payloadJSON: JSON.stringify(payload ?? {}) };
  const { code = "COMMAND_FAILED", message = "" } = error ?? {};
  return { id, nodeId, ok, error: { code, message: `${code}: ${message}` } };
}

export function refusalAnswer({ id, nodeId }: NodeInvokeRequest, code: string, message: string): JsonObject {
  return { id, nodeId, ok: false, error: { code, message: `${code}: ${message}` } };
}
