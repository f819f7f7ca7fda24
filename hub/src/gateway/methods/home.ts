import { BarnacleError } from "@barnacle/protocol/errors";
import { RoomName } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { speakInRooms } from "../../channels/index.ts";
import { type Method, type MethodContext, method } from "./method.ts";

const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 }));
const Id = Type.String({ minLength: 1, maxLength: 200 });
const Text = Type.String({ minLength: 1, maxLength: 2000 });
const Key = Type.Optional(Type.String({ minLength: 1, maxLength: 150 }));

/** Rooms and turns: what Moltbot's protocol has no method for. */
export const homeMethods: readonly Method[] = [
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
  const key = idempotencyKey ?? `say-${hub.random.uuid()}`;
  const spoken = await speakInRooms(hub, { text, room, key, principal: caller.principal });
  return {
    ok: true,
    spoken: spoken.map(({ failure, ...where }) => ({
      ...where,
      ok: failure === undefined,
      ...(failure ? { error: failure.toShape() } : {}),
    })),
  };
}
