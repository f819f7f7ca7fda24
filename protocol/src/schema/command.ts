import { type Static, Type } from "@sinclair/typebox";
import { CommandName, DurationMs, JsonObject, MessageId, TimestampMs } from "./common.ts";

/** Caller's key: the same key is never executed twice by one node, whatever happens in between. */
export const IdempotencyKey = Type.String({ minLength: 1, maxLength: 200 });

/** Hub to node: do this. */
export const CommandRequest = Type.Object({
  commandId: MessageId,
  command: CommandName,
  params: JsonObject,
  idempotencyKey: IdempotencyKey,
  /** Counted from arrival; after it the node must not start. */
  timeoutMs: DurationMs,
  /** The voice turn that caused it. */
  turnId: Type.Optional(MessageId),
});
export type CommandRequest = Static<typeof CommandRequest>;

export const WireError = Type.Object({
  code: Type.String({ minLength: 1, maxLength: 64 }),
  message: Type.String({ maxLength: 2000 }),
  hint: Type.Optional(Type.String({ maxLength: 500 })),
  details: Type.Optional(JsonObject),
});
export type WireError = Static<typeof WireError>;

/** Node to hub: this came of it. Sent again unchanged when the same key is asked for again (`duplicate: true`). */
export const CommandResult = Type.Object({
  commandId: MessageId,
  idempotencyKey: IdempotencyKey,
  ok: Type.Boolean(),
  payload: Type.Optional(JsonObject),
  error: Type.Optional(WireError),
  duplicate: Type.Boolean(),
  startedAt: TimestampMs,
  durationMs: DurationMs,
});
export type CommandResult = Static<typeof CommandResult>;

/** Whether a rule, which is a name, a group (`gpio.*`) or everything (`*`), speaks of a command. */
export function matchesCommand(rule: string, command: string): boolean {
  return rule.endsWith(".*") ? command.startsWith(rule.slice(0, -1)) : rule === command || rule === "*";
}
