import { BarnacleError } from "@barnacle/protocol/errors";
import { NodeEventParams } from "@barnacle/protocol/gateway";
import { JsonObject, literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { DeviceRecord } from "../../services.ts";
import { WireError } from "../wire-error.ts";
import type { MethodContext } from "./method.ts";
import { type Method, method, notHere } from "./method.ts";

const Id = Type.String({ minLength: 1, maxLength: 200 });
const NAME = "^[A-Za-z][A-Za-z0-9_-]{0,63}$";

const Tools = Type.Object({
  tools: Type.Array(
    Type.Object({
      pluginId: Id,
      name: Type.String({ pattern: NAME }),
      description: Type.String({ minLength: 1, maxLength: 4000 }),
      parameters: Type.Optional(JsonObject),
      command: Type.Optional(Id),
      mcp: Type.Optional(Type.Object({ server: Id, tool: Id })),
    }),
    { maxItems: 200 },
  ),
});

const Skills = Type.Object({
  skills: Type.Array(
    Type.Object({
      name: Type.String({ pattern: "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$" }),
      description: Type.String({ minLength: 1, maxLength: 1024 }),
      content: Type.String({ minLength: 1, maxLength: 65_536 }),
    }),
    { maxItems: 64 },
  ),
});

const NO_SURFACES = "the hub hosts no pages of plugins; a node that shows a canvas draws it itself";

/** What a node calls on its own connection, besides `node.invoke.result`. */
export const nodeSideMethods: readonly Method[] = [
  method({
    name: "node.event",
    access: "node",
    params: NodeEventParams,
    async run({ event, payload, payloadJSON }, context) {
      const { hub, caller, peer } = context;
      hub.counters.add("gateway.nodeEvents");
      const source = { device: self(context), connId: caller.connId, subscriptions: peer.subscriptions };
      const answer = await hub.nodes.event(event, contentOf(payload, payloadJSON), source, hub);
      return { ok: true, event, ...answer };
    },
  }),
  method({
    name: "node.pluginTools.update",
    access: "node",
    params: Tools,
    run({ tools }, context) {
      const { nodeId, connId } = speaker(context);
      return { nodeId, tools: current(context.hub.nodes.offers.setTools(nodeId, connId, tools)) };
    },
  }),
  method({
    name: "node.skills.update",
    access: "node",
    params: Skills,
    run({ skills }, context) {
      const { nodeId, connId } = speaker(context);
      return { nodeId, skills: current(context.hub.nodes.offers.setSkills(nodeId, connId, skills)) };
    },
  }),
  method({
    name: "node.runnerInventory.update",
    access: "node",
    support: { partial: "acknowledged and told to operators; the hub runs no sessions of agents on nodes" },
    params: Type.Object({ protocolFeatures: Type.Optional(Type.Array(Type.String(), { maxItems: 50 })) }),
    run(_params, context) {
      const { nodeId, connId } = speaker(context);
      awaitsApproval(context);
      current(context.hub.nodes.offers.inventory(nodeId, connId) || undefined);
      return { nodeId };
    },
  }),
  method({
    name: "node.pending.drain",
    access: "node",
    params: Type.Object({ maxItems: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })) }),
    async run({ maxItems = 4 }, context) {
      const { nodeId } = speaker(context);
      return { nodeId, ...(await context.hub.nodes.work.drain(nodeId, maxItems)) };
    },
  }),
  method({
    name: "node.pending.enqueue",
    access: "write",
    support: { partial: "queued until the node fetches it; the hub sends no push message that would wake a phone" },
    params: Type.Object({
      nodeId: Id,
      type: literals(["status.request", "location.request"] as const),
      priority: Type.Optional(literals(["normal", "high"] as const)),
      expiresInMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 86_400_000 })),
      wake: Type.Optional(Type.Boolean()),
    }),
    async run({ nodeId, type, priority, expiresInMs }, context) {
      const { hub } = context;
      await permit(nodeId, type, context);
      return {
        nodeId,
        ...(await hub.nodes.work.enqueue({ nodeId, type, priority, expiresInMs })),
        wakeTriggered: false,
      };
    },
  }),
  method({
    name: "node.pending.pull",
    access: "node",
    support: { partial: "always empty: a command that a node cannot take at once fails, it is not carried out later" },
    params: Type.Object({}),
    run: (_params, context) => ({ nodeId: speaker(context).nodeId, actions: [] }),
  }),
  method({
    name: "node.pending.ack",
    access: "node",
    support: { partial: "nothing is ever queued that could be acknowledged" },
    params: Type.Object({ ids: Type.Array(Id, { minItems: 1, maxItems: 1000 }) }),
    run: ({ ids }, context) => ({ nodeId: speaker(context).nodeId, ackedIds: [...new Set(ids)], remainingCount: 0 }),
  }),
  notHere("node.pluginSurface.refresh", "node", NO_SURFACES),
  notHere("plugin.surface.refresh", "read", NO_SURFACES),
];

/** What a node will be asked is a command like others, whenever it fetches it: the policy is asked, and it is on record. */
async function permit(nodeId: string, queued: string, { hub, caller }: MethodContext): Promise<void> {
  const { principal } = caller;
  const name = queued === "location.request" ? "location.get" : "device.status";
  const room = hub.devices.get(nodeId)?.room;
  const { effect, rule, reason } = hub.policy.decide({ principal, action: "command", name, deviceId: nodeId, room });
  const data = { command: name, queued, effect, rule, reason };
  await hub.audit.append({ kind: "decision", principal, subject: nodeId, data });
  if (effect !== "allow") throw new BarnacleError("POLICY_DENIED", reason, { details: { rule } });
}

/** What the event carries, whether as JSON text or as it is. @throws INPUT_INVALID */
function contentOf(payload: unknown, payloadJSON: string | null | undefined): unknown {
  if (typeof payloadJSON !== "string") return payload ?? {};
  try {
    return JSON.parse(payloadJSON);
  } catch (error) {
    throw new BarnacleError("INPUT_INVALID", "invalid node.event params: at /payloadJSON: expected JSON", {
      cause: error,
    });
  }
}

function speaker({ caller }: MethodContext): { nodeId: string; connId: string } {
  if (caller.deviceId === undefined) throw new BarnacleError("NOT_PAIRED", "a node needs a device identity");
  return { nodeId: caller.deviceId, connId: caller.connId };
}

/** A node is told here that its commands wait for somebody's word, and asks again until they do not. */
function awaitsApproval(context: MethodContext): void {
  const { deviceId, approvalState } = self(context);
  if (approvalState === undefined || approvalState === "approved") return;
  const request = context.hub.devices.pending().find((one) => one.deviceId === deviceId && one.kind === "surface");
  const command = request ? `barnacle devices approve ${request.requestId}` : "barnacle devices pending";
  const text = `node capability surface is awaiting operator approval; run \`${command}\`, then this node retries automatically`;
  throw new WireError(new BarnacleError("FORBIDDEN", text), {
    code: "UNAVAILABLE",
    ...(request === undefined ? {} : { details: { requestId: request.requestId } }),
  });
}

function self(context: MethodContext): DeviceRecord {
  const device = context.hub.devices.get(speaker(context).nodeId);
  if (!device) throw new BarnacleError("NOT_PAIRED", "this node was removed");
  return device;
}

function current<T>(taken: T | undefined): T {
  if (taken !== undefined) return taken;
  throw new BarnacleError("CONFLICT", "a newer connection speaks for this node");
}
