import { BarnacleError } from "@barnacle/protocol/errors";
import { DevicePairListParams, PairRequestIdParams } from "@barnacle/protocol/gateway";
import { Type } from "@sinclair/typebox";
import { isNode, isNodeRequest, pairedNode, pendingNode } from "../views.ts";
import { WireError } from "../wire-error.ts";
import { decidable, known, withinReach } from "./known.ts";
import { type Method, method } from "./method.ts";

const Id = Type.String({ minLength: 1, maxLength: 200 });

/**
 * `node.pair.*`: which commands of a node may be used. A request for a device whose commands are approved with it is seen,
 * and decided, under both names.
 */
export const nodePairingMethods: readonly Method[] = [
  method({
    name: "node.pair.list",
    access: "pairing",
    params: DevicePairListParams,
    run: (_params, { hub }) => ({
      pending: hub.devices.pending().filter(isNodeRequest).map(pendingNode),
      paired: hub.devices
        .list()
        .filter(isNode)
        .map(pairedNode)
        .sort((a, b) => b.createdAtMs - a.createdAtMs),
    }),
  }),
  method({
    name: "node.pair.approve",
    access: "pairing",
    records: "pairing",
    params: PairRequestIdParams,
    async run({ requestId }, context) {
      const { hub, caller } = context;
      decidable(requestId, context);
      const device = await known("unknown requestId", () => hub.devices.approve(requestId, caller.principal));
      return { requestId, node: pairedNode(device) };
    },
  }),
  method({
    name: "node.pair.reject",
    access: "pairing",
    records: "pairing",
    params: PairRequestIdParams,
    async run({ requestId }, { hub, caller }) {
      const request = await known("unknown requestId", () => hub.devices.reject(requestId, caller.principal));
      return { requestId, nodeId: request.deviceId };
    },
  }),
  method({
    name: "node.pair.remove",
    access: "pairing",
    records: "pairing",
    params: Type.Object({ nodeId: Id }),
    async run({ nodeId }, context) {
      const { hub, caller } = context;
      withinReach(nodeId, context);
      await known("unknown nodeId", () => hub.devices.removeRole(nodeId, "node", caller.principal));
      return { nodeId };
    },
  }),
  method({
    name: "node.pair.request",
    access: "pairing",
    support: {
      partial: "answers with the request of a node that has asked itself; only the holder of a key can pair it",
    },
    params: Type.Object({ nodeId: Id }),
    run({ nodeId }, { hub }) {
      const request = hub.devices.pending().find((one) => isNodeRequest(one) && one.deviceId === nodeId);
      if (request) return { status: "pending", request: pendingNode(request), created: false };
      throw new WireError(new BarnacleError("DEVICE_UNKNOWN", "no node of this id asks to be paired"), {
        message: "unknown nodeId",
      });
    },
  }),
  method({
    name: "node.pair.verify",
    access: "pairing",
    params: Type.Object({ nodeId: Id, token: Type.String({ minLength: 1, maxLength: 2000 }) }),
    run({ nodeId, token }, { hub }) {
      const device = hub.devices.get(nodeId);
      if (!device || !hub.devices.verifyToken(nodeId, "node", token)) return { ok: false };
      return { ok: true, node: pairedNode(device) };
    },
  }),
];
