import { type Static, Type } from "@sinclair/typebox";

const Text = Type.String({ minLength: 1 });

/** Who is there: the gateway itself, its clients, its nodes. */
export const PresenceEntry = Type.Object({
  text: Type.Optional(Type.String()),
  ts: Type.Integer({ minimum: 0 }),
  host: Type.Optional(Text),
  ip: Type.Optional(Text),
  version: Type.Optional(Text),
  platform: Type.Optional(Text),
  deviceFamily: Type.Optional(Text),
  modelIdentifier: Type.Optional(Text),
  mode: Type.Optional(Text),
  reason: Type.Optional(Text),
  lastInputSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
  deviceId: Type.Optional(Text),
  roles: Type.Optional(Type.Array(Text)),
  scopes: Type.Optional(Type.Array(Text)),
  instanceId: Type.Optional(Text),
  tags: Type.Optional(Type.Array(Text)),
});
export type PresenceEntry = Static<typeof PresenceEntry>;
