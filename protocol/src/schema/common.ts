import { type Static, type TSchema, Type } from "@sinclair/typebox";

/** Device and node id: lower-case hex SHA-256 of the raw Ed25519 public key. */
export const DeviceId = Type.String({ pattern: "^[0-9a-f]{64}$", description: "device id, 64 hex digits" });
/** A site's name; one topic level. */
export const SiteId = Type.String({ pattern: "^[a-z0-9_-]{1,32}$", description: "site, [a-z0-9_-], at most 32" });
/** An id made by its sender: UUIDs fit; one topic level. */
export const MessageId = Type.String({ pattern: "^[a-z0-9_-]{1,64}$", description: "id, [a-z0-9_-], at most 64" });
/** A command, dotted: `gpio.write`. */
export const CommandName = Type.String({ pattern: "^[a-zA-Z][a-zA-Z0-9]*(\\.[a-zA-Z][a-zA-Z0-9]*)*$", maxLength: 64 });
/** A room's name as people say it. */
export const RoomName = Type.String({ minLength: 1, maxLength: 48 });
/** Milliseconds, a duration. */
export const DurationMs = Type.Number({ minimum: 0, description: "milliseconds" });
/** Milliseconds since 1970. */
export const TimestampMs = Type.Integer({ minimum: 0, description: "milliseconds since 1970" });

export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

/** One of the given words; the JSON Schema is a union of constants, as the gateway protocol writes it. */
export function literals<const T extends readonly string[]>(words: T) {
  return Type.Unsafe<T[number]>(Type.Union(words.map((word) => Type.Literal(word))));
}

export const JsonObject = Type.Record(Type.String(), Type.Unknown());
export type JsonObject = Static<typeof JsonObject>;
