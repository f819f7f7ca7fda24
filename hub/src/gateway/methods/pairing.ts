import { BarnacleError, type ErrorCode, hasCode } from "@barnacle/protocol/errors";
import {
  DevicePairListParams,
  DeviceTokenRevokeParams,
  DeviceTokenRotateParams,
  PairRequestIdParams,
} from "@barnacle/protocol/gateway";
import { isNode, pairedDevice, pairedNode, pendingDevice, pendingNode } from "../views.ts";
import { WireError } from "../wire-error.ts";
import { type Method, method } from "./method.ts";

const newestFirst = (a: { createdAtMs: number }, b: { createdAtMs: number }) => b.createdAtMs - a.createdAtMs;

/** `device.pair.*`, `device.token.*`, and `node.pair.*` as a mirror of them for devices of role node. */
export const pairingMethods: readonly Method[] = [
  method({
    name: "device.pair.list",
    access: "pairing",
    params: DevicePairListParams,
    run: (_params, { hub }) => ({
      pending: [...hub.devices.pending()]
        .sort((a, b) => b.ts - a.ts)
        .map((request) => ({
          ...pendingDevice(request),
          ...(request.room === undefined ? {} : { room: request.room }),
          expiresAtMs: request.expiresAtMs,
        })),
      paired: hub.devices.list().map(pairedDevice).sort(newestFirst),
    }),
  }),
  method({
    name: "device.pair.approve",
    access: "pairing",
    records: "pairing",
    params: PairRequestIdParams,
    async run({ requestId }, { hub, caller }) {
      const device = await known("unknown requestId", () => hub.devices.approve(requestId, caller.principal));
      return { requestId, device: pairedDevice(device) };
    },
  }),
  method({
    name: "device.pair.reject",
    access: "pairing",
    records: "pairing",
    params: PairRequestIdParams,
    async run({ requestId }, { hub, caller }) {
      const request = await known("unknown requestId", () => hub.devices.reject(requestId, caller.principal));
      return { requestId, deviceId: request.deviceId };
    },
  }),
  method({
    name: "device.token.rotate",
    access: "pairing",
    records: "pairing",
    params: DeviceTokenRotateParams,
    async run({ deviceId, role, scopes }, { hub, caller }) {
      const { token, entry } = await known("unknown deviceId/role", () =>
        hub.devices.rotateToken(deviceId, role, scopes, caller.principal),
      );
      const rotatedAtMs = entry.rotatedAtMs ?? entry.createdAtMs;
      return { deviceId, role: entry.role, token, scopes: [...entry.scopes], rotatedAtMs };
    },
  }),
  method({
    name: "device.token.revoke",
    access: "pairing",
    records: "pairing",
    params: DeviceTokenRevokeParams,
    async run({ deviceId, role }, { hub, caller }) {
      const entry = await known("unknown deviceId/role", () =>
        hub.devices.revokeToken(deviceId, role, caller.principal),
      );
      return { deviceId, role: entry.role, revokedAtMs: entry.revokedAtMs ?? hub.clock.now() };
    },
  }),
  method({
    name: "node.pair.list",
    access: "pairing",
    params: DevicePairListParams,
    run: (_params, { hub }) => ({
      pending: hub.devices
        .pending()
        .filter((request) => request.role === "node")
        .map(pendingNode)
        .sort((a, b) => b.ts - a.ts),
      paired: hub.devices.list().filter(isNode).map(pairedNode).sort(newestFirst),
    }),
  }),
  method({
    name: "node.pair.approve",
    access: "pairing",
    records: "pairing",
    params: PairRequestIdParams,
    async run({ requestId }, { hub, caller }) {
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
];

const UNKNOWN: readonly ErrorCode[] = ["REQUEST_UNKNOWN", "DEVICE_UNKNOWN", "NOT_FOUND", "NOT_PAIRED"];

/** Says in the wire's words that something does not exist. */
async function known<T>(message: string, job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (error instanceof BarnacleError && hasCode(error, ...UNKNOWN)) {
      throw new WireError(error, { code: "INVALID_REQUEST", message });
    }
    throw error;
  }
}
