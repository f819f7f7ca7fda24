import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { ListedRig } from "../../rigs/operations.ts";
import type { ListedWorktree } from "../../worktrees/operations.ts";
import { example, type Family } from "../session.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { removeWorktree, WORKTREES } from "./worktree.ts";

/** `barnacle crew …`: long-lived worktrees of people and standing agents. */
export const crewFamily: Family = (program, open) => {
  const crew = program.command("crew").description("long-lived worktrees of people and standing agents");
  const rigOption = (command: Command) => command.option("--rig <name>", "the rig (default: the only one)");
  example(
    rigOption(crew.command("add <name>").description("a worktree on the branch crew/<name>")),
    "barnacle crew add anna --rig shop",
  ).action(async (name: string, flags: { rig?: string }, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    const rig = await rigOf(door, flags.rig);
    const agent = `${rig}/crew/${name}`;
    const got = await door.write<{ path: string; branch: string }>("worktrees.acquire", { rig, agent });
    session.out.print({ name, rig, agent, path: got.path, branch: got.branch }, () => `${got.path}\n${got.branch}`);
  });
  example(rigOption(crew.command("list").description("all of them")), "barnacle crew list").action(
    async (flags: { rig?: string }, command: Command) => {
      const session = open(command);
      const all = await new WorkDoor(session).read<ListedWorktree[]>("worktrees.all", defined({ rig: flags.rig }));
      const rows = all
        .filter(({ kind }) => kind === "crew")
        .map((row) => ({ name: row.agent.split("/").at(-1) ?? "", ...row }));
      session.out.list(rows, WORKTREES, "no crew; add some: barnacle crew add NAME");
    },
  );
  example(
    rigOption(crew.command("remove <name>").description("removes the worktree; the branch stays")).option(
      "-f, --force",
      "save what only it has on rescue branches, then remove it",
    ),
    "barnacle crew remove anna --rig shop",
  ).action(async (name: string, flags: { rig?: string; force?: boolean }, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    const agent = `${await rigOf(door, flags.rig)}/crew/${name}`;
    await removeWorktree(session, agent, flags);
  });
};

/** @throws USAGE when there are several and none was named */
async function rigOf(door: WorkDoor, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const rigs = await door.read<ListedRig[]>("rigs.list");
  const [only] = rigs;
  if (only && rigs.length === 1) return only.name;
  throw new BarnacleError("USAGE", rigs.length === 0 ? "there are no rigs" : "expected --rig: there are several", {
    hint: rigs.length === 0 ? "Add one: barnacle rig add NAME URL" : `Rigs: ${rigs.map(({ name }) => name).join(", ")}`,
  });
}
