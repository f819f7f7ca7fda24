import { type TSchema, Type } from "@sinclair/typebox";
import { rememberKey } from "../aliases.ts";
import type { MethodContext } from "./method.ts";

/** Members that many methods share. Clients write null for what they do not have. */
export const maybe = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
export const Key = Type.String({ minLength: 1, maxLength: 512 });
export const AgentId = Type.Optional(Type.String({ minLength: 1, maxLength: 64 }));
export const Flag = Type.Optional(Type.Boolean());
export const Count = (maximum: number) => Type.Optional(Type.Integer({ minimum: 1, maximum }));
export const Text = Type.Optional(Type.String({ maxLength: 500 }));

export const Keyed = Type.Object({ key: Key, agentId: AgentId });
export const SessionKeyed = Type.Object({ sessionKey: Key, agentId: AgentId });

/** The canonical key; the caller's own way of writing it is remembered for its events. */
export function keyOf(given: string, agentId: string | undefined, { hub, peer }: MethodContext): string {
  const key = hub.sessions.canonical(given, agentId);
  rememberKey(peer, given, key);
  return key;
}
