import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import type { JsonObject } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { type Command, command } from "./command.ts";

export interface DeviceParts {
  readonly info: () => Promise<JsonObject>;
  readonly health: () => Promise<JsonObject>;
  readonly wakeStatus: () => JsonObject;
  readonly searchPath: () => string | undefined;
}

/** What the node is, how it is, what it listens for, which programs it has. */
export function deviceCommands(parts: DeviceParts): Command[] {
  return [
    command({
      spec: { name: "device.info", idempotent: true, summary: "name, room, board, versions" },
      params: Type.Object({}),
      looksOnly: true,
      run: () => parts.info(),
    }),
    command({
      spec: { name: "device.health", idempotent: true, summary: "board readings and counters" },
      params: Type.Object({}),
      looksOnly: true,
      run: () => parts.health(),
    }),
    command({
      spec: {
        name: "device.status",
        idempotent: true,
        summary: "device.health under the name that room nodes have for it",
      },
      params: Type.Object({}),
      looksOnly: true,
      run: () => parts.health(),
    }),
    command({
      spec: { name: "wifi.status", idempotent: true, summary: "the network link: its name, kind, and signal in dBm" },
      params: Type.Object({}),
      looksOnly: true,
      run: async () => {
        const { link } = (await parts.health()) as { link?: JsonObject };
        return link === undefined ? { connected: false } : { connected: link.up === true, ...link };
      },
    }),
    command({
      spec: { name: "wake.status", idempotent: true, summary: "engine, phrases and state of the pipeline" },
      params: Type.Object({}),
      looksOnly: true,
      run: async () => parts.wakeStatus(),
    }),
    command({
      spec: { name: "system.which", idempotent: true, summary: "where programs are" },
      params: Type.Object({
        bins: Type.Array(Type.String({ pattern: "^[A-Za-z0-9._+-]{1,80}$" }), { minItems: 1, maxItems: 50 }),
      }),
      looksOnly: true,
      run: async ({ bins }) => ({ bins: which(bins, parts.searchPath() ?? "") }),
    }),
  ];
}

/** Programs that are missing are absent from the answer. */
function which(bins: readonly string[], searchPath: string): Record<string, string> {
  const directories = searchPath.split(path.delimiter).filter((directory) => path.isAbsolute(directory));
  const found: Record<string, string> = {};
  for (const bin of bins) {
    const file = directories.map((directory) => path.join(directory, bin)).find(isProgram);
    if (file !== undefined) found[bin] = file;
  }
  return found;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Absent or not executable: both mean that it is not this one.
    return false;
  }
}
