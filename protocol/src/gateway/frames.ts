import { type Static, Type } from "@sinclair/typebox";

/** Versions of the gateway protocol that are spoken here: 3 is Moltbot's of January 2026, 4 is today's OpenClaw. */
export const PROTOCOL_VERSIONS = [3, 4] as const;
export type ProtocolVersion = (typeof PROTOCOL_VERSIONS)[number];

/** The highest version that both sides speak; undefined when there is none. */
export function negotiate(min: number, max: number): ProtocolVersion | undefined {
  return PROTOCOL_VERSIONS.findLast((version) => min <= version && version <= max);
}

export const StateVersion = Type.Object({
  presence: Type.Integer({ minimum: 0 }),
  health: Type.Integer({ minimum: 0 }),
});
export type StateVersion = Static<typeof StateVersion>;

/** Client to gateway, and the only frame a client sends. */
export const RequestFrame = Type.Object({
  type: Type.Literal("req"),
  id: Type.String({ minLength: 1 }),
  method: Type.String({ minLength: 1 }),
  params: Type.Optional(Type.Unknown()),
});
export type RequestFrame = Static<typeof RequestFrame>;

export const GatewayErrorBody = Type.Object({
  code: Type.String({ minLength: 1 }),
  message: Type.String({ minLength: 1 }),
  details: Type.Optional(Type.Unknown()),
  retryable: Type.Optional(Type.Boolean()),
  retryAfterMs: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type GatewayErrorBody = Static<typeof GatewayErrorBody>;

export const ResponseFrame = Type.Object({
  type: Type.Literal("res"),
  id: Type.String({ minLength: 1 }),
  ok: Type.Boolean(),
  payload: Type.Optional(Type.Unknown()),
  error: Type.Optional(GatewayErrorBody),
});
export type ResponseFrame = Static<typeof ResponseFrame>;

/** `seq` is there on broadcasts only and counts per connection. */
export const EventFrame = Type.Object({
  type: Type.Literal("event"),
  event: Type.String({ minLength: 1 }),
  payload: Type.Optional(Type.Unknown()),
  seq: Type.Optional(Type.Integer({ minimum: 0 })),
  stateVersion: Type.Optional(StateVersion),
});
export type EventFrame = Static<typeof EventFrame>;

/** Close codes of the protocol, with their reasons. */
export const CLOSE = {
  normal: 1000,
  protocol: 1002,
  refused: 1008,
  tooBig: 1009,
  restart: 1012,
} as const;

/** A close reason holds 123 bytes at most; the protocol cuts at 120. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  return bytes.length <= 120 ? text : bytes.subarray(0, 120).toString("utf8").replace(/�+$/u, "");
}
