import type { Command } from "commander";
import type { GitEvent } from "../../worktrees/git-events.ts";
import type { Session } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { whole } from "./filter-options.ts";

interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly set: boolean;
}

const COLUMNS: readonly TableColumn<Setting>[] = [
  { title: "setting", value: ({ key }) => key },
  {
    title: "value",
    value: ({ value }) => (value === "" ? "-" : String(value)),
    paint: (text, { set }, style) => (set ? style.bold(text) : style.dim(text)),
  },
];

const EVENTS: readonly TableColumn<GitEvent>[] = [
  { title: "time", value: ({ at }) => at },
  { title: "who", value: ({ agent, rig }) => agent ?? rig },
  { title: "hook", value: ({ hook }) => hook },
  { title: "branch", value: ({ body }) => textOf(body.branch) },
  { title: "what", value: ({ body }) => textOf(body.subject ?? body.refs ?? body.to) },
];

/** `barnacle rig config …`, `barnacle rig events`. */
export function addRigSettings(rig: Command, open: (command: Command) => Session): void {
  const config = rig.command("config").description("how a rig is treated: its merge queue, git hooks, what is pushed");
  named(config, "show <name>", "every setting with its value", "barnacle rig config show shop").action(
    async (name: string, _flags: object, command: Command) => {
      const session = open(command);
      const settings = await new WorkDoor(session).read<Setting[]>("rigs.config", { name });
      session.out.list(settings, COLUMNS, "");
    },
  );
  named(
    config,
    "set <name> <key> <value>",
    "changes one",
    'barnacle rig config set shop merge_queue.test_command "npm test"',
  ).action(async (name: string, key: string, value: string, _flags: object, command: Command) => {
    const session = open(command);
    await new WorkDoor(session).write("rigs.set", { name, key, value });
    session.out.print({ name, key, value }, () => `${key} = ${value}`);
  });
  named(config, "unset <name> <key>", "back to its default", "barnacle rig config unset shop push").action(
    async (name: string, key: string, _flags: object, command: Command) => {
      const session = open(command);
      await new WorkDoor(session).write("rigs.unset", { name, key });
      session.out.print({ name, key, value: null }, () => `${key} is as by default`);
    },
  );
  named(rig, "events <name>", "what git did in its worktrees, as its hooks told", "barnacle rig events shop")
    .option("--after <seq>", "only later ones", whole)
    .option("-n, --limit <n>", "the newest so many, 0: all (default 100)", whole)
    .action(async (name: string, flags: { after?: number; limit?: number }, command: Command) => {
      const session = open(command);
      const query = { rig: name, ...flags };
      session.out.list(await new WorkDoor(session).read<GitEvent[]>("worktrees.events", query), EVENTS, "nothing yet");
    });
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : typeof value === "string" ? value : JSON.stringify(value);
}
