import type { CommandSpec, JsonObject } from "@barnacle/protocol/schema";
import type { Static, TSchema } from "@sinclair/typebox";

/** What a handler may ask about its call. */
export interface CommandCall {
  readonly commandId: string;
  readonly turnId: string | undefined;
  /** True once the caller has given up: work that has not begun must not begin. */
  expired(): boolean;
}

/** A command of this node. */
export interface Command<T extends TSchema = TSchema> {
  readonly spec: CommandSpec;
  readonly params: T;
  /** Why it can't be offered now; absent: it can. */
  readonly unavailable?: () => string | undefined;
  /** Effects happen here and nowhere else. Throws the family's errors. */
  run(params: Static<T>, call: CommandCall): Promise<JsonObject>;
}

/** Keeps the parameter type together with its schema; the registry holds commands of every type. */
export function command<T extends TSchema>(definition: Command<T>): Command {
  return definition as unknown as Command;
}
