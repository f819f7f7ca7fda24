import { realpathSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import type { ListedWorkspace } from "../../workspaces/operations.ts";
import { example, type Family } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";

const COLUMNS: readonly TableColumn<ListedWorkspace>[] = [
  { title: "name", value: ({ name }) => name },
  { title: "rigs", value: ({ rigs }) => rigs.join(" ") },
  { title: "directory", value: ({ path: directory }) => directory },
];

/** `barnacle workspace …`: directories that hold rigs. */
export const workspaceFamily: Family = (program, open) => {
  const workspace = program.command("workspace").description("directories that hold rigs");
  example(
    workspace
      .command("init [directory]")
      .description("makes a directory a workspace; without one the directory you are in")
      .option("--name <name>", "default: the directory's name"),
    "barnacle workspace init ~/town",
  ).action(async (directory: string | undefined, flags: { name?: string }, command: Command) => {
    const session = open(command);
    const params = { path: path.resolve(directory ?? "."), ...defined({ name: flags.name }) };
    const made = await new WorkDoor(session).write<ListedWorkspace>("workspaces.init", params);
    session.out.print(made, () => `${made.name}: ${made.path}\nNext: barnacle rig add NAME URL`);
  });
  example(workspace.command("list").description("all workspaces with their rigs"), "barnacle workspace list").action(
    async (_flags: object, command: Command) => {
      const session = open(command);
      const all = await new WorkDoor(session).read<ListedWorkspace[]>("workspaces.list");
      session.out.list(all, COLUMNS, "no workspace; make one: barnacle workspace init DIRECTORY");
    },
  );
  example(
    workspace.command("remove <name>").description("forgets a workspace without rigs; its directory stays"),
    "barnacle workspace remove town",
  ).action(async (name: string, _flags: object, command: Command) => {
    const session = open(command);
    const gone = await new WorkDoor(session).write<ListedWorkspace>("workspaces.remove", { name });
    session.out.print(gone, () => `${gone.name} is forgotten; ${gone.path} stays`);
  });
};

/** Where the command runs, as the store knows directories. */
export function here(): string {
  return realpathSync(".");
}
