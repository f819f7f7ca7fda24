import { Type } from "@sinclair/typebox";
import { SLASH_COMMANDS } from "../../agent/index.ts";
import { type Method, method } from "./method.ts";
import { AgentId, Flag, Text } from "./session-params.ts";

export const commandMethods: readonly Method[] = [
  method({
    name: "commands.list",
    access: "read",
    params: Type.Object({ agentId: AgentId, scope: Text, includeArgs: Flag }),
    run: ({ scope }) => ({ commands: scope === "native" ? [] : commandEntries() }),
  }),
];

/** What can be typed after a slash. */
export function commandEntries() {
  return SLASH_COMMANDS.map(({ name, description, category, argument }) => ({
    ...{ name, textAliases: [`/${name}`], description, category, source: "native", scope: "text" },
    acceptsArgs: argument !== undefined,
    ...(argument === undefined
      ? {}
      : {
          args: [
            {
              ...{ name: argument.name, description: argument.description, type: "string", required: false },
              ...(argument.choices ? { choices: argument.choices.map((value) => ({ value, label: value })) } : {}),
            },
          ],
        }),
  }));
}
