import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { Text, Who } from "./beads-params.ts";
import { type Method, method } from "./method.ts";
import { whoActs } from "./who.ts";

const Why = Type.Object({ reason: Type.Optional(Text), ...Who });

/** The emergency stop. It needs nothing of the town, and loads nothing. */
export const estopMethods: readonly Method[] = [
  method({
    name: "estop.status",
    access: "read",
    params: Type.Object({}),
    run: (_params, { hub }) => ({ result: hub.estop.state() }),
  }),
  method({
    name: "estop.stop",
    access: "write",
    params: Why,
    // Not recorded before: a disk that is full must not keep anybody from stopping. The stop leaves its record with itself.
    async run({ reason, actor }, { hub, caller: { principal } }) {
      const decision = hub.policy.decide({ principal, action: "method", name: "estop.stop" });
      if (decision.effect === "deny") throw new BarnacleError("POLICY_DENIED", `estop.stop: ${decision.reason}`);
      return { result: await hub.estop.pull({ who: whoActs(principal, actor), reason, principal }) };
    },
  }),
  method({
    name: "estop.thaw",
    access: "admin",
    records: "work",
    params: Why,
    run: async ({ reason, actor }, { hub, caller: { principal } }) => ({
      result: await hub.estop.thaw({ who: whoActs(principal, actor), reason, principal }),
    }),
  }),
];
