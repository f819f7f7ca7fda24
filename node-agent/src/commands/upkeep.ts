import { Type } from "@sinclair/typebox";
import { type Command, command } from "./command.ts";

export interface UpkeepParts {
  /** Soon, but not before this is answered. */
  readonly restart: () => void;
}

/** What keeps the node itself going. */
export function upkeepCommands(parts: UpkeepParts): Command[] {
  return [
    command({
      spec: { name: "system.restart", idempotent: false, summary: "the node's own process starts anew" },
      params: Type.Object({}),
      run: async () => {
        parts.restart();
        return { restarting: true };
      },
      // It went down while this ran: that is what was asked for.
      already: async () => ({ restarting: true }),
    }),
  ];
}
