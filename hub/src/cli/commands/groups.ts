import type { Command } from "commander";
import type { NodeGroup } from "../../services.ts";
import { shortId } from "../format.ts";
import { example, type Family } from "../session.ts";

export const groupsFamily: Family = (program, open) => {
  const groups = program.command("groups").description("named sets of nodes, for configuration and jobs");

  example(groups.command("list").description("every group with its nodes"), "barnacle groups list").action(
    async (_options: object, command: Command) => {
      const session = open(command);
      const list = await session.hub(
        async (client) => (await client.call<{ groups: NodeGroup[] }>("barnacle.groups.list")).groups,
      );
      session.out.list(
        list,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "NODES", value: ({ deviceIds }) => deviceIds.length },
          { title: "IDS", value: ({ deviceIds }) => deviceIds.map(shortId).join(" ") },
        ],
        "No groups.",
      );
    },
  );

  example(
    groups.command("set <group> [device...]").description("these nodes and no others; without any the group is gone"),
    "barnacle groups set upstairs Bedroom Bath",
  ).action(async (name: string, given: string[], _options: object, command: Command) => {
    const session = open(command);
    const { group } = await session.hub((client) =>
      client.call<{ group: NodeGroup }>("barnacle.groups.set", { name, devices: given }),
    );
    session.out.print(group, () =>
      group.deviceIds.length === 0 ? `The group ${name} is gone.` : `${name}: ${group.deviceIds.length} nodes.`,
    );
  });
};
