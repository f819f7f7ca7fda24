import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import {
  NodeDescribeParams,
  NodeEventParams,
  NodeInvokeParams,
  NodeInvokeResultParams,
  NodeListParams,
  type NodeObject,
  NodeRenameParams,
} from "@barnacle/protocol/gateway";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { DeviceRecord } from "../../services.ts";
import type { GatewayServices } from "../services.ts";
import { isNode, nodeObject } from "../views.ts";
import { WireError } from "../wire-error.ts";
import { bareValue } from "../ws-link.ts";
import { type Method, method } from "./method.ts";

export const nodeMethods: readonly Method[] = [
  method({
    name: "node.list",
    access: "read",
    params: NodeListParams,
    run: (_params, { hub }) => ({
      ts: hub.clock.now(),
      nodes: hub.devices
        .list()
        .filter(isNode)
        .map((device) => describe(hub, device))
        .sort(connectedFirst),
    }),
  }),
  method({
    name: "node.describe",
    access: "read",
    params: NodeDescribeParams,
    run: ({ nodeId }, { hub }) => ({ ts: hub.clock.now(), ...describe(hub, node(hub, nodeId)) }),
  }),
  method({
    name: "node.rename",
    access: "pairing",
    records: "pairing",
    params: NodeRenameParams,
    async run({ nodeId, displayName }, { hub, caller }) {
      const device = await hub.devices.rename(node(hub, nodeId).deviceId, displayName.trim(), caller.principal);
      return { nodeId: device.deviceId, displayName: device.displayName };
    },
  }),
  method({
    name: "node.invoke",
    access: "write",
    params: NodeInvokeParams,
    async run({ nodeId, command, params, timeoutMs, idempotencyKey }, { hub, caller }) {
      const { deviceId } = node(hub, nodeId);
      try {
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
    },
  }),
  method({
    name: "node.invoke.result",
    access: "node",
    params: NodeInvokeResultParams,
    run(answer, { hub, caller }) {
      if (answer.nodeId !== caller.deviceId) throw new BarnacleError("INPUT_INVALID", "nodeId mismatch");
      return hub.wsLink.result(answer.nodeId, answer) ? { ok: true } : { ok: true, ignored: true };
    },
  }),
  method({
    name: "node.event",
    access: "node",
    params: NodeEventParams,
    run({ event }, { hub, caller }) {
      hub.counters.add("gateway.nodeEvents");
      hub.log.info({ deviceId: caller.deviceId, event: event.slice(0, 64) }, "a node sent an event");
      return { ok: true };
    },
  }),
];

function node(hub: GatewayServices, nodeId: string): DeviceRecord {
  const device = hub.devices.get(nodeId);
  if (device && isNode(device)) return device;
  throw new WireError(new BarnacleError("DEVICE_UNKNOWN", `no node has the id ${nodeId.slice(0, 80)}`), {
    message: "unknown nodeId",
  });
}

function describe(hub: GatewayServices, device: DeviceRecord): NodeObject {
  return nodeObject(device, hub.wsLink.peer(device.deviceId));
}

function connectedFirst(a: NodeObject, b: NodeObject): number {
  if (a.connected !== b.connected) return a.connected ? -1 : 1;
  const name = (one: NodeObject) => (one.displayName ?? one.nodeId).toLowerCase();
  return name(a) < name(b) ? -1 : 1;
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
    case "DEVICE_UNKNOWN":
      return new WireError(error, { message: "unknown nodeId" });
    case "POLICY_DENIED":
      return notAllowed(error, command, "command not allowlisted");
    case "COMMAND_UNKNOWN":
      return notAllowed(error, command, "command not declared by node");
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
  return new WireError(error, { message: "node command not allowed", details: { reason, command } });
}

/** A code of a foreign node comes out of the journal as the head of the message. */
function nodeFailure(error: BarnacleError): WireError {
  const foreign = error.code === "INTERNAL" ? /^([A-Z][A-Z0-9_]{2,63}): (.*)$/s.exec(error.message) : null;
  const nodeError = { code: foreign?.[1] ?? error.code, message: foreign?.[2] ?? error.message };
  const message = nodeError.message.startsWith("node disconnected") ? `Error: ${nodeError.message}` : nodeError.message;
  return new WireError(error, { code: "UNAVAILABLE", message, details: { nodeError } });
}
