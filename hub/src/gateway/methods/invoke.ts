import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import type { NodeInvokeParams } from "@barnacle/protocol/gateway";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { DeviceRecord } from "../../services.ts";
import type { GatewayServices } from "../services.ts";
import { isNode } from "../views.ts";
import { WireError } from "../wire-error.ts";
import { bareValue } from "../ws-link.ts";
import type { MethodContext } from "./method.ts";

/** A command of a node, through the one door, with the wire's words for what came of it. */
export async function invokeNode(
  { nodeId, command, params, timeoutMs, idempotencyKey }: NodeInvokeParams,
  { hub, caller }: Pick<MethodContext, "hub" | "caller">,
) {
  try {
    const { deviceId } = node(hub, nodeId);
    const outcome = await hub.commands.invoke({
      deviceId,
      command,
      params: objectOf(params),
      idempotencyKey,
      principal: caller.principal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    const payload = bareValue(outcome.payload);
    return { ok: true, nodeId: deviceId, command, payload, payloadJSON: JSON.stringify(payload) };
  } catch (error) {
    throw invokeError(error, command);
  }
}

export function node(hub: GatewayServices, nodeId: string): DeviceRecord {
  const device = hub.devices.get(nodeId);
  if (device && isNode(device)) return device;
  throw new WireError(new BarnacleError("DEVICE_UNKNOWN", `no node has the id ${nodeId.slice(0, 80)}`), {
    message: "unknown nodeId",
  });
}

function objectOf(params: unknown): JsonObject {
  if (params === undefined || params === null) return {};
  if (typeof params === "object" && !Array.isArray(params)) return params as JsonObject;
  throw new BarnacleError("INPUT_INVALID", "invalid node.invoke params: at /params: expected object");
}

/** The wire's words for a command that did not succeed. Source: Moltbot gateway protocol 3, "command policy", "invoke". */
function invokeError(error: unknown, command: string): unknown {
  if (!hasCode(error)) return error;
  switch (error.code) {
    case "POLICY_DENIED":
      return notAllowed(error, command, "command not allowlisted");
    case "COMMAND_UNKNOWN":
      return notAllowed(error, command, "command not declared by node");
    // Whoever asks a node that there is not learns no more than of one that is away.
    case "DEVICE_UNKNOWN":
    case "DEVICE_OFFLINE":
      return new WireError(error, {
        code: "UNAVAILABLE",
        message: "node not connected",
        details: { code: "NOT_CONNECTED" },
      });
    case "COMMAND_TIMEOUT":
      return new WireError(error, {
        code: "UNAVAILABLE",
        message: "node invoke timed out",
        details: { nodeError: { code: "TIMEOUT", message: "node invoke timed out" } },
      });
    case "AUDIT_UNWRITABLE":
    case "CONFLICT":
    case "DEVICE_BLOCKED":
    case "HUB_STOPPING":
    case "INPUT_INVALID":
      return error;
    default:
      return nodeFailure(error);
  }
}

function notAllowed(error: BarnacleError, command: string, reason: string): WireError {
  // Clients print the text alone, so it must say which command and why.
  const message = `node command not allowed: "${command}": ${error.message}`;
  return new WireError(error, { message, details: { reason, command } });
}

/** A code of a foreign node comes out of the journal as the head of the message. */
function nodeFailure(error: BarnacleError): WireError {
  const told = error.code === "INTERNAL" || error.code === "COMMAND_FAILED";
  const foreign = told ? /^([A-Z][A-Z0-9_]{2,63}): (.*)$/s.exec(error.message) : null;
  const nodeError = { code: foreign?.[1] ?? error.code, message: foreign?.[2] ?? error.message };
  if (nodeError.message.startsWith("node disconnected")) {
    return new WireError(error, {
      code: "UNAVAILABLE",
      message: `Error: ${nodeError.message}`,
      details: { nodeError },
    });
  }
  const message = `${nodeError.code}: ${nodeError.message}`;
  return new WireError(error, { code: "UNAVAILABLE", message, details: { nodeError, nodeCommandDispatched: true } });
}
