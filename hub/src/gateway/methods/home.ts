import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { RoomName } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { DeviceRecord } from "../../services.ts";
import type { GatewayServices } from "../services.ts";
import { isNode } from "../views.ts";
import { type Method, type MethodContext, method } from "./method.ts";

const SPEAK = "talk.speak";
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 }));
const Id = Type.String({ minLength: 1, maxLength: 200 });
const Text = Type.String({ minLength: 1, maxLength: 2000 });
const Key = Type.Optional(Type.String({ minLength: 1, maxLength: 150 }));

/** Rooms, turns and routes: what Moltbot's protocol has no method for. */
export const homeMethods: readonly Method[] = [
  method({
    name: "barnacle.route.explain",
    access: "read",
    params: Type.Object({
      capability: Type.String({ minLength: 1, maxLength: 64 }),
      room: Type.Optional(RoomName),
      deviceId: Type.Optional(Id),
    }),
    run: ({ capability, room, deviceId }, { hub }) => hub.router.route({ capability, room, deviceId }),
  }),
  method({
    name: "barnacle.ask",
    access: "write",
    params: Type.Object({ text: Text, room: Type.Optional(RoomName), idempotencyKey: Key }),
    run: ({ text, room, idempotencyKey }, { hub, caller }) =>
      hub.voice.ask(text, { room, idempotencyKey, principal: caller.principal }),
  }),
  method({
    name: "barnacle.say",
    access: "write",
    params: Type.Object({
      text: Text,
      room: Type.Optional(RoomName),
      all: Type.Optional(Type.Boolean()),
      idempotencyKey: Key,
    }),
    run: (params, context) => say(params, context),
  }),
  method({
    name: "barnacle.turns.list",
    access: "read",
    params: Type.Object({ limit: Limit, before: Type.Optional(Type.Integer({ minimum: 0 })) }),
    run: async ({ limit, before }, { hub }) => ({ turns: await hub.voice.list({ limit, before }) }),
  }),
  method({
    name: "barnacle.turns.get",
    access: "read",
    params: Type.Object({ turnId: Id }),
    async run({ turnId }, { hub }) {
      const turn = await hub.voice.get(turnId);
      if (turn) return turn;
      throw new BarnacleError("NOT_FOUND", `no turn has the id ${turnId.slice(0, 80)}`);
    },
  }),
];

interface SayParams {
  readonly text: string;
  readonly room?: string;
  readonly all?: boolean;
  readonly idempotencyKey?: string;
}

/** Speaks in one room, by the best node that stands there, or on every node that can. Fails when nobody spoke. */
async function say({ text, room, all, idempotencyKey }: SayParams, { hub, caller }: MethodContext) {
  if ((room === undefined) === (all !== true)) {
    throw new BarnacleError("INPUT_INVALID", "invalid barnacle.say params: expected either room or all: true");
  }
  const targets = room === undefined ? speakers(hub) : [speakerIn(hub, room)];
  if (targets.length === 0) throw new BarnacleError("ROUTE_NONE", "no node that can speak is connected");
  const key = idempotencyKey ?? `say-${hub.random.uuid()}`;
  const results = await Promise.all(
    targets.map(async ({ deviceId, displayName, room }) => {
      const where = { deviceId, displayName, ...(room === undefined ? {} : { room }) };
      try {
        await hub.commands.invoke({
          deviceId,
          command: SPEAK,
          params: { text },
          idempotencyKey: `${key}-${deviceId.slice(0, 12)}`,
          principal: caller.principal,
        });
        return { ...where, ok: true as const };
      } catch (error) {
        return { ...where, ok: false as const, failure: toBarnacleError(error) };
      }
    }),
  );
  const failed = results.find((result) => !result.ok);
  if (failed && !results.some((result) => result.ok)) throw failed.failure;
  return {
    ok: true,
    spoken: results.map(({ deviceId, displayName, room, ...result }) => ({
      ...{ deviceId, displayName, ...(room === undefined ? {} : { room }), ok: result.ok },
      ...(result.ok ? {} : { error: result.failure.toShape() }),
    })),
  };
}

function speakers(hub: GatewayServices): DeviceRecord[] {
  return hub.devices
    .list()
    .filter((device) => isNode(device) && device.online && !device.blocked)
    .filter((device) => device.manifest?.commands.some((command) => command.name === SPEAK));
}

function speakerIn(hub: GatewayServices, room: string): { deviceId: string; displayName: string; room?: string } {
  const decision = hub.router.route({ capability: SPEAK, room });
  const there = decision.ranked.find((one) => one.room?.toLowerCase() === room.toLowerCase());
  if (there) return there;
  const why = decision.rejected.map((one) => `${one.displayName}: ${one.reason}`).join("; ");
  throw new BarnacleError("ROUTE_NONE", `no node in the room "${room}" can speak now${why ? ` (${why})` : ""}`);
}
