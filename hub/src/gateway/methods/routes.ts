import { CommandName, DurationMs, JsonObject, literals, RoomName } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { type Method, method } from "./method.ts";

const Id = Type.String({ minLength: 1, maxLength: 200 });
const Name = Type.String({ minLength: 1, maxLength: 64 });
const Plain = Type.Union([Type.String({ maxLength: 200 }), Type.Number(), Type.Boolean()]);

/** What an attribute must be; see `Bound`. */
const Bound = Type.Union([
  Plain,
  Type.Object({ oneOf: Type.Array(Type.Union([Type.String(), Type.Number()]), { minItems: 1, maxItems: 50 }) }),
  Type.Object({ min: Type.Optional(Type.Number()), max: Type.Optional(Type.Number()) }),
]);
const where = { where: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), Bound)) };
const Wanted = Type.Object({ capability: Name, ...where });
const Also = Type.Optional(Type.Array(Wanted, { maxItems: 20 }));

const Route = {
  ...where,
  requires: Also,
  prefers: Also,
  room: Type.Optional(RoomName),
  deviceId: Type.Optional(Id),
  urgency: Type.Optional(literals(["low", "normal", "high"])),
};

/** Which device is best, and commands for whichever it is: what Moltbot's protocol has no method for. */
export const routeMethods: readonly Method[] = [
  method({
    name: "barnacle.route.explain",
    access: "read",
    params: Type.Object({ capability: Name, ...Route }),
    run: (request, { hub }) => hub.router.route(request),
  }),
  method({
    name: "barnacle.invoke",
    access: "write",
    params: Type.Object({
      ...{ command: CommandName, params: Type.Optional(JsonObject), idempotencyKey: Id },
      timeoutMs: Type.Optional(DurationMs),
      route: Type.Optional(Type.Object({ capability: Type.Optional(Name), ...Route })),
    }),
    async run({ command, params = {}, idempotencyKey, timeoutMs, route = {} }, { hub, caller }) {
      const { deviceId, payload, duplicate, why, failed } = await hub.routed.invoke({
        ...{ command, params, idempotencyKey, route, principal: caller.principal },
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      return { ok: true, nodeId: deviceId, command, payload, duplicate, why, failed };
    },
  }),
];
