import { type NodeSetup, setupLink } from "@barnacle/protocol/pairing";
import { RoomName } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { DeviceRecord, GatewayEndpoint, NodeSetupCode } from "../../services.ts";
import type { GatewayServices } from "../services.ts";
import { withinReach } from "./known.ts";
import { type Method, method } from "./method.ts";

/** A device id, a unique prefix of one, or a display name. */
const Reference = Type.String({ minLength: 1, maxLength: 200 });
const Named = Type.Object({ device: Reference });

/** The whole registry entry of every device, and what an operator may do with it. */
export const deviceMethods: readonly Method[] = [
  method({
    name: "barnacle.devices.list",
    access: "read",
    params: Type.Object({}),
    run: (_params, { hub }) => ({ devices: hub.devices.list() }),
  }),
  method({
    name: "barnacle.devices.show",
    access: "read",
    params: Named,
    run({ device }, { hub }) {
      const found = hub.devices.find(device);
      const faults = hub.faultsOf(found.deviceId);
      if (!found.roles.includes("node") || found.clientId !== undefined) return { device: { ...found, faults } };
      const { inSync, wanted, actual } = hub.fleetConfig.state(found.deviceId);
      return { device: { ...found, faults, config: { inSync, wanted, actual } } };
    },
  }),
  method({
    name: "barnacle.devices.pending",
    access: "pairing",
    params: Type.Object({}),
    run: (_params, { hub }) => ({ pending: hub.devices.pending() }),
  }),
  method({
    name: "barnacle.devices.code",
    access: "pairing",
    records: "pairing",
    params: Type.Object({
      ttlMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 24 * 3_600_000 })),
      room: Type.Optional(RoomName),
    }),
    async run({ ttlMs, room }, { hub, caller }) {
      const made = await hub.devices.createSetupCode({ ttlMs, room, by: caller.principal });
      return nodeSetup(made, hub.endpoint(), room);
    },
  }),
  method({
    name: "barnacle.devices.rename",
    access: "pairing",
    records: "pairing",
    params: Type.Object({ device: Reference, displayName: Type.String({ minLength: 1, maxLength: 80 }) }),
    run: ({ device, displayName }, { hub, caller }) =>
      change(hub, device, (id) => hub.devices.rename(id, displayName.trim(), caller.principal)),
  }),
  method({
    name: "barnacle.devices.setRoom",
    access: "pairing",
    records: "pairing",
    params: Type.Object({ device: Reference, room: Type.Optional(RoomName) }),
    run: ({ device, room }, { hub, caller }) =>
      change(hub, device, (id) => hub.devices.setRoom(id, room?.trim(), caller.principal)),
  }),
  method({
    name: "barnacle.devices.block",
    access: "pairing",
    records: "pairing",
    params: Named,
    run: ({ device }, context) =>
      change(context.hub, device, (id) => {
        withinReach(id, context);
        return context.hub.devices.block(id, context.caller.principal);
      }),
  }),
  method({
    name: "barnacle.devices.unblock",
    access: "pairing",
    records: "pairing",
    params: Named,
    run: ({ device }, { hub, caller }) => change(hub, device, (id) => hub.devices.unblock(id, caller.principal)),
  }),
  ...(["rotate", "revoke"] as const).map((verb) =>
    method({
      name: `barnacle.devices.${verb}`,
      access: "pairing",
      records: "pairing",
      params: Named,
      run: ({ device }, context) =>
        change(context.hub, device, (id) => {
          withinReach(id, context);
          const { devices } = context.hub;
          return devices[verb === "rotate" ? "rotateLink" : "revokeLink"](id, context.caller.principal);
        }),
    }),
  ),
  method({
    name: "barnacle.devices.remove",
    access: "pairing",
    records: "pairing",
    params: Named,
    async run({ device }, context) {
      const { hub, caller } = context;
      const { deviceId } = hub.devices.find(device);
      withinReach(deviceId, context);
      await hub.devices.remove(deviceId, caller.principal);
      return { ok: true, deviceId };
    },
  }),
];

/** The code as it is typed, as it is scanned (`link`), and as a file for a node that is being prepared (`setup`). */
function nodeSetup(
  { code, secret, authority, expiresAtMs }: NodeSetupCode,
  { urls }: GatewayEndpoint,
  room: string | undefined,
) {
  // Nodes speak HTTP to the gateway's port.
  const hub = urls[0]?.replace(/^ws/, "http");
  const known = { ...(hub === undefined ? {} : { hub }), ...(authority === undefined ? {} : { authority }) };
  const setup: NodeSetup = { ...known, setupCode: secret, expiresAtMs, ...(room === undefined ? {} : { room }) };
  return { code, expiresAtMs, link: setupLink({ secret, ...known }), setup };
}

async function change(
  hub: GatewayServices,
  reference: string,
  job: (deviceId: string) => Promise<DeviceRecord>,
): Promise<{ device: DeviceRecord }> {
  return { device: await job(hub.devices.find(reference).deviceId) };
}
