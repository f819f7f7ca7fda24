import { JsonObject, literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { GatewayServices } from "../services.ts";
import { type Method, method } from "./method.ts";

const Reference = Type.String({ minLength: 1, maxLength: 200 });
const Scope = Type.String({ minLength: 1, maxLength: 80, description: "fleet, group:NAME, room:NAME or node:DEVICE" });
const Seconds = (least: number) => Type.Optional(Type.Integer({ minimum: least, maximum: 30 * 86_400 }));

const Package = Type.Object({
  source: Type.String({ minLength: 1, maxLength: 1000, description: "http(s) address, or a path on the node" }),
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  version: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
});

/** What nodes are wanted to be, groups of them, and jobs: what Moltbot's protocol has no method for. */
export const fleetMethods: readonly Method[] = [
  method({
    name: "barnacle.groups.list",
    access: "read",
    params: Type.Object({}),
    run: (_params, { hub }) => ({ groups: hub.fleetConfig.groups() }),
  }),
  method({
    name: "barnacle.groups.set",
    access: "admin",
    records: "config",
    params: Type.Object({ name: Reference, devices: Type.Array(Reference, { maxItems: 20_000 }) }),
    run: async ({ name, devices }, { hub }) => ({
      group: await hub.fleetConfig.setGroup(
        name,
        devices.map((device) => hub.devices.find(device).deviceId),
      ),
    }),
  }),
  method({
    name: "barnacle.fleet.config.layers",
    access: "admin",
    params: Type.Object({}),
    run: (_params, { hub }) => ({ layers: hub.fleetConfig.layers() }),
  }),
  method({
    name: "barnacle.fleet.config.history",
    access: "admin",
    params: Type.Object({ scope: Scope }),
    run: ({ scope }, { hub }) => ({ versions: hub.fleetConfig.history(byId(hub, scope)) }),
  }),
  method({
    name: "barnacle.fleet.config.set",
    access: "admin",
    records: "config",
    params: Type.Object({
      scope: Scope,
      config: JsonObject,
      replace: Type.Optional(Type.Boolean()),
      baseVersion: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
    run: async ({ scope, ...change }, { hub, caller }) => ({
      layer: await hub.fleetConfig.set({ scope: byId(hub, scope), ...change, by: caller.principal }),
    }),
  }),
  method({
    name: "barnacle.fleet.config.show",
    access: "admin",
    params: Type.Object({ device: Reference }),
    run: ({ device }, { hub }) => ({ state: hub.fleetConfig.state(hub.devices.find(device).deviceId) }),
  }),
  method({
    name: "barnacle.fleet.config.status",
    access: "read",
    params: Type.Object({ all: Type.Optional(Type.Boolean()) }),
    run: ({ all }, { hub }) => {
      const states = hub.fleetConfig.states();
      const shown = states.filter(({ inSync }) => all || !inSync).map(({ config: _, ...state }) => state);
      return { nodes: states.length, inSync: states.filter(({ inSync }) => inSync).length, states: shown };
    },
  }),
  method({
    name: "barnacle.fleet.config.retry",
    access: "admin",
    records: "config",
    params: Type.Object({ device: Reference }),
    run({ device }, { hub }) {
      const { deviceId } = hub.devices.find(device);
      hub.fleetConfig.retry(deviceId);
      return { ok: true, deviceId };
    },
  }),
  method({
    name: "barnacle.jobs.list",
    access: "read",
    params: Type.Object({}),
    run: (_params, { hub }) => ({ jobs: hub.fleetJobs.list() }),
  }),
  method({
    name: "barnacle.jobs.show",
    access: "read",
    params: Type.Object({ jobId: Reference }),
    run: ({ jobId }, { hub }) => ({ job: hub.fleetJobs.get(jobId) }),
  }),
  method({
    name: "barnacle.jobs.create",
    access: "admin",
    records: "config",
    params: Type.Object({
      kind: literals(["config", "restart", "update"]),
      target: Scope,
      config: Type.Optional(JsonObject),
      package: Type.Optional(Package),
      stages: Type.Optional(Type.Array(Type.String({ maxLength: 6 }), { minItems: 1, maxItems: 20 })),
      maxFailures: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
      gateS: Seconds(5),
      deadlineS: Seconds(10),
    }),
    run: async ({ target, stages, maxFailures, gateS, deadlineS, ...rest }, { hub, caller }) => ({
      job: await hub.fleetJobs.create(
        {
          ...{ ...rest, target: byId(hub, target), stages: stages ?? ["1", "25%", "100%"] },
          ...{ maxFailures: maxFailures ?? 0, gateS: gateS ?? 180, deadlineS: deadlineS ?? 3600 },
        },
        caller.principal,
      ),
    }),
  }),
  method({
    name: "barnacle.jobs.cancel",
    access: "admin",
    records: "config",
    params: Type.Object({ jobId: Reference }),
    run: async ({ jobId }, { hub, caller }) => ({ job: await hub.fleetJobs.cancel(jobId, caller.principal) }),
  }),
];

/** A node may be named as people name it. */
function byId(hub: GatewayServices, scope: string): string {
  return scope.startsWith("node:") ? `node:${hub.devices.find(scope.slice(5)).deviceId}` : scope;
}
