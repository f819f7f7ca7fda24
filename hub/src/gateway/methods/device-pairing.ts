import {
  coversScopes,
  DevicePairListParams,
  DeviceTokenRevokeParams,
  DeviceTokenRotateParams,
  PairRequestIdParams,
} from "@barnacle/protocol/gateway";
import { Type } from "@sinclair/typebox";
import { pairedDevice, pendingDevice } from "../views.ts";
import { decidable, known, withinReach } from "./known.ts";
import { type Method, method, missingScope } from "./method.ts";

const Id = Type.String({ minLength: 1, maxLength: 200 });
const newestFirst = (a: { createdAtMs: number }, b: { createdAtMs: number }) => b.createdAtMs - a.createdAtMs;

/** `device.pair.*` and `device.token.*`: who may connect, and as what. */
export const devicePairingMethods: readonly Method[] = [
  method({
    name: "device.pair.list",
    access: "pairing",
    params: DevicePairListParams,
    run: (_params, { hub, presence }) => ({
      pending: hub.devices
        .pending()
        .filter((request) => request.kind === "device")
        .map((request) => ({
          ...pendingDevice(request),
          ...(request.room === undefined ? {} : { room: request.room }),
          expiresAtMs: request.expiresAtMs,
        })),
      paired: hub.devices
        .list()
        .map((device) => ({ ...pairedDevice(device), connected: device.online || presence.here(device.deviceId) }))
        .sort(newestFirst),
    }),
  }),
  method({
    name: "device.pair.approve",
    access: "pairing",
    records: "pairing",
    params: PairRequestIdParams,
    async run({ requestId }, context) {
      const { hub, caller } = context;
      decidable(requestId, context);
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
    name: "device.pair.remove",
    access: "pairing",
    records: "pairing",
    params: Type.Object({ deviceId: Id }),
    async run({ deviceId }, context) {
      const { hub, caller } = context;
      withinReach(deviceId, context);
      await known("unknown deviceId", () => hub.devices.remove(deviceId, caller.principal));
      return { deviceId };
    },
  }),
  method({
    name: "device.pair.rename",
    access: "pairing",
    records: "pairing",
    params: Type.Object({ deviceId: Id, label: Type.String({ minLength: 1, maxLength: 64 }) }),
    async run({ deviceId, label }, { hub, caller }) {
      const renamed = () => hub.devices.rename(deviceId, label.trim(), caller.principal);
      const { displayName } = await known("unknown deviceId", renamed);
      return { deviceId, label: displayName };
    },
  }),
  method({
    name: "device.token.rotate",
    access: "pairing",
    records: "pairing",
    params: DeviceTokenRotateParams,
    async run({ deviceId, role, scopes }, context) {
      const { hub, caller } = context;
      withinReach(deviceId, context);
      // A token that was narrowed does not widen itself.
      const beyond = scopes?.find((scope) => !coversScopes(caller.scopes, [scope]));
      if (beyond !== undefined) throw missingScope(beyond);
      const { token, entry } = await known("unknown deviceId/role", () =>
        hub.devices.rotateToken(deviceId, role, scopes, caller.principal),
      );
      const tokenDelivery = caller.deviceId === deviceId ? "in-band" : "withheld-cross-device";
      const rotatedAtMs = entry.rotatedAtMs ?? entry.createdAtMs;
      return { deviceId, role: entry.role, token, scopes: [...entry.scopes], rotatedAtMs, tokenDelivery };
    },
  }),
  method({
    name: "device.token.revoke",
    access: "pairing",
    records: "pairing",
    params: DeviceTokenRevokeParams,
    async run({ deviceId, role }, context) {
      const { hub, caller } = context;
      withinReach(deviceId, context);
      const entry = await known("unknown deviceId/role", () =>
        hub.devices.revokeToken(deviceId, role, caller.principal),
      );
      return { deviceId, role: entry.role, revokedAtMs: entry.revokedAtMs ?? hub.clock.now() };
    },
  }),
];
