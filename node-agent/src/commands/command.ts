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
  /** It only looks, at pins, files or counters: its start need not be on record, because nothing could happen twice. */
  readonly looksOnly?: true;
  /** Effects happen here and nowhere else. Throws the family's errors. */
  run(params: Static<T>, call: CommandCall): Promise<JsonObject>;
  /**
   * Asked when the node went down while this ran; it only looks, and never acts. What `run` would have given, where its
   * effect is there to be seen; undefined, or absent: nobody can tell.
   */
  already?(params: Static<T>): Promise<JsonObject | undefined>;
}

/** Keeps the parameter type together with its schema; the registry holds commands of every type. */
export function command<T extends TSchema>(definition: Command<T>): Command {
  return definition as unknown as Command;
}
