import { BarnacleError } from "@barnacle/protocol/errors";
import {
  NodeDescribeParams,
  NodeInvokeParams,
  NodeInvokeProgressParams,
  NodeInvokeResultParams,
  NodeListParams,
  type NodeObject,
  NodeRenameParams,
} from "@barnacle/protocol/gateway";
import type { DeviceRecord } from "../../services.ts";
import type { GatewayServices } from "../services.ts";
import { isNode, nodeObject } from "../views.ts";
import { invokeNode, node } from "./invoke.ts";
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
    run: invokeNode,
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
    name: "node.invoke.progress",
    access: "node",
    support: { partial: "shows that a command has begun, so it is not sent again; the text is not passed on" },
    params: NodeInvokeProgressParams,
    run({ invokeId, nodeId }, { hub, caller }) {
      if (nodeId !== caller.deviceId) throw new BarnacleError("INPUT_INVALID", "nodeId mismatch");
      return hub.wsLink.progress(nodeId, invokeId) ? { ok: true } : { ok: true, ignored: true };
    },
  }),
];

function describe(hub: GatewayServices, device: DeviceRecord): NodeObject {
  const waiting = hub.devices.pending().find(({ deviceId, role }) => deviceId === device.deviceId && role === "node");
  return nodeObject(device, hub.wsLink.peer(device.deviceId), {
    ...hub.nodes.offers.facts(device.deviceId),
    nodePluginTools: hub.nodes.offers.tools().filter(({ nodeId }) => nodeId === device.deviceId),
    pendingRequestId: waiting?.requestId,
  });
}

function connectedFirst(a: NodeObject, b: NodeObject): number {
  if (a.connected !== b.connected) return a.connected ? -1 : 1;
  const name = (one: NodeObject) => (one.displayName ?? one.nodeId).toLowerCase();
  return name(a) < name(b) ? -1 : 1;
}
