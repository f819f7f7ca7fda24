import { Type } from "@sinclair/typebox";
import type { Updater } from "../update/index.ts";
import { type Command, command } from "./command.ts";

const Package = Type.Object({
  source: Type.String({ minLength: 1, maxLength: 1000 }),
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
  version: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
});

export interface UpkeepParts {
  /** Soon, but not before this is answered. */
  readonly restart: () => void;
  readonly updater: Pick<Updater, "missing" | "update" | "already">;
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
    command({
      spec: {
        ...{ name: "system.update", idempotent: false, timeoutMs: 600_000 },
        summary: "fetches a package, checks its SHA-256, installs it, and starts anew",
      },
      params: Package,
      unavailable: () => parts.updater.missing(),
      run: (wanted) => parts.updater.update(wanted),
      already: (wanted) => parts.updater.already(wanted),
    }),
  ];
}
