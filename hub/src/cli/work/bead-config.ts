import type { Command } from "commander";
import { example, type Session } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";

interface Config {
  readonly set: Readonly<Record<string, string>>;
  readonly known: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

type Row = readonly [key: string, value: string | undefined, meaning: string];

const COLUMNS: readonly TableColumn<Row>[] = [
  { title: "key", value: ([key]) => key },
  { title: "value", value: ([, value]) => value },
  { title: "meaning", value: ([, , meaning]) => meaning },
];

/** How beads are numbered, and words of people's own. */
export function addConfig(parent: Command, open: (command: Command) => Session): void {
  const config = parent.command("config").description("settings of the store: ids, own statuses and types");
  named(config, "list", "what can be set, and what is", "barnacle bead config list").action(
    async (_flags: object, command: Command) => {
      const session = open(command);
      const { set, known } = await new WorkDoor(session).read<Config>("config");
      const rows = Object.entries(known).map(([key, meaning]): Row => [key, set[key], meaning]);
      if (session.out.json) session.out.print(set, () => "");
      else session.out.list(rows, COLUMNS, "");
    },
  );
  named(config, "get <key>", "one setting; nothing when it is not set", "barnacle bead config get issue_prefix").action(
    async (key: string, _flags: object, command: Command) => {
      const session = open(command);
      const { set } = await new WorkDoor(session).read<Config>("config");
      session.out.print({ key, value: set[key] ?? null }, () => set[key] ?? "");
    },
  );
  example(
    config.command("set <key> <value>").description("changes a setting"),
    "barnacle bead config set issue_prefix shop",
    'barnacle bead config set status.custom "review:wip,parked:frozen"',
    "barnacle bead config set types.custom experiment",
  ).action(async (key: string, value: string, _flags: object, command: Command) => {
    const session = open(command);
    const set = await new WorkDoor(session).write<{ value: string | null }>("configure", { key, value });
    session.out.print(set, () => `${key}: ${set.value ?? "as by default"}`);
  });
  named(config, "unset <key>", "back to the default", "barnacle bead config unset issue_prefix").action(
    async (key: string, _flags: object, command: Command) => {
      const session = open(command);
      const set = await new WorkDoor(session).write<object>("configure", { key });
      session.out.print(set, () => `${key}: as by default`);
    },
  );
  named(config, "validate", "whether every setting is understood", "barnacle bead config validate").action(
    async (_flags: object, command: Command) => {
      const session = open(command);
      const { problems } = await new WorkDoor(session).read<Config>("config");
      session.out.print({ problems }, () => problems.join("\n") || "nothing is wrong");
      if (problems.length > 0) session.fail();
    },
  );
}
