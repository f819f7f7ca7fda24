import { BarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { invokeNode } from "./invoke.ts";
import { type Method, method } from "./method.ts";

const Node = Type.Object({ nodeId: Type.String({ minLength: 1, maxLength: 200 }) });
const Change = Type.Object({
  ...Node.properties,
  file: Type.Record(Type.String(), Type.Unknown()),
  baseHash: Type.Optional(Type.String({ maxLength: 200 })),
});

/** A node's own file of what it may run; read and written through commands of the node. */
export const nodeApprovalMethods: readonly Method[] = [
  method({
    name: "exec.approvals.node.get",
    access: "admin",
    params: Node,
    run: ({ nodeId }, context) => ask(nodeId, "system.execApprovals.get", {}, context),
  }),
  method({
    name: "exec.approvals.node.set",
    access: "admin",
    records: "config",
    params: Change,
    run: ({ nodeId, ...change }, context) => ask(nodeId, "system.execApprovals.set", change, context),
  }),
];

async function ask(
  nodeId: string,
  command: string,
  params: JsonObject,
  context: Parameters<Method["call"]>[1],
): Promise<unknown> {
  const idempotencyKey = context.hub.random.uuid();
  const { payload } = await invokeNode({ nodeId, command, params, idempotencyKey }, context);
  if (typeof payload === "object" && payload !== null) return payload;
  throw new BarnacleError("COMMAND_FAILED", `${command}: the node answered with something that is no snapshot`);
}
