import type { Command } from "commander";
import type { ListedWorktree } from "../../worktrees/operations.ts";
import type { Orphan } from "../../worktrees/orphans.ts";
import type { WorktreeVerdict } from "../../worktrees/verdict.ts";
import type { Removed } from "../../worktrees/worktrees.ts";
import { example, type Family, type Session } from "../session.ts";
import { renderFields, type TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";

export const WORKTREES: readonly TableColumn<ListedWorktree>[] = [
  { title: "agent", value: ({ agent }) => agent },
  {
    title: "state",
    value: ({ state }) => state,
    paint: (text, { state }, style) => (state === "lost" ? style.red(text) : state === "idle" ? style.dim(text) : text),
  },
  { title: "bead", value: ({ bead }) => bead ?? undefined },
  { title: "branch", value: ({ branch }) => branch ?? undefined },
  { title: "directory", value: ({ path }) => path },
];

const ORPHANS: readonly TableColumn<Orphan>[] = [
  { title: "kind", value: ({ kind }) => kind, paint: (text, _, style) => style.yellow(text) },
  { title: "rig", value: ({ rig }) => rig },
  { title: "what", value: ({ agent, branch, path }) => agent ?? branch ?? path },
  { title: "why", value: ({ why }) => why },
];

/** `barnacle worktree …`: where agents work. */
export const worktreeFamily: Family = (program, open) => {
  const worktree = program.command("worktree").description("the agents' own directories of rigs");
  const rigOption = (command: Command) => command.option("--rig <name>", "of one rig");
  example(rigOption(worktree.command("list").description("all of them")), "barnacle worktree list --rig shop").action(
    async (flags: { rig?: string }, command: Command) => {
      const session = open(command);
      const all = await new WorkDoor(session).read<ListedWorktree[]>("worktrees.all", defined({ rig: flags.rig }));
      session.out.list(all, WORKTREES, "no worktrees");
    },
  );
  named(
    worktree,
    "verdict <agent>",
    "whether it can be removed; exit code 1 when work would be missed",
    "barnacle worktree verdict shop/polecats/toast",
  ).action(async (agent: string, _flags: object, command: Command) => {
    const session = open(command);
    const judged = await new WorkDoor(session).read<ListedWorktree & WorktreeVerdict>("worktrees.verdict", { agent });
    session.out.print(judged, (style) => {
      const { verdict, uncommitted, untracked, stashes, unpushed, unmerged, path, branch } = judged;
      const fields = renderFields(
        [
          ["directory", path],
          ["branch", branch ?? "(none)"],
          ["uncommitted", `${uncommitted} files, ${untracked} of them untracked`],
          ["stashes", stashes],
          ["unpushed", `${unpushed} commits of no branch`],
          ["unmerged", `${unmerged} commits`],
        ],
        style,
      );
      return `${verdict === "SAFE_TO_NUKE" ? style.green(verdict) : style.red(verdict)}\n${fields}`;
    });
    if (judged.verdict !== "SAFE_TO_NUKE") session.fail();
  });
  example(
    rigOption(worktree.command("orphans").description("worktrees and branches with work that nobody has any more")),
    "barnacle worktree orphans",
  ).action(async (flags: { rig?: string }, command: Command) => {
    const session = open(command);
    const found = await new WorkDoor(session).read<Orphan[]>("worktrees.orphans", defined({ rig: flags.rig }));
    session.out.list(found, ORPHANS, "no orphans");
  });
  addChanges(worktree, open);
};

function addChanges(worktree: Command, open: (command: Command) => Session): void {
  example(
    worktree
      .command("acquire <agent>")
      .description("the agent's worktree for a job: made, or put on a new branch when it is clean")
      .requiredOption("--bead <id>", "the job")
      .option("--base <branch>", "to begin at (default: the rig's first branch)"),
    "barnacle worktree acquire shop/polecats/toast --bead sh-a1b",
  ).action(async (agent: string, flags: { bead: string; base?: string }, command: Command) => {
    const session = open(command);
    const params = { agent, rig: agent.split("/")[0] ?? "", bead: flags.bead, ...defined({ base: flags.base }) };
    const got = await new WorkDoor(session).write<{ path: string; branch: string }>("worktrees.acquire", params);
    session.out.print(got, () => `${got.path}\n${got.branch}`);
  });
  named(worktree, "release <agent>", "the job is over", "barnacle worktree release shop/polecats/toast").action(
    async (agent: string, _flags: object, command: Command) => {
      const session = open(command);
      const verdict = await new WorkDoor(session).write<WorktreeVerdict>("worktrees.release", { agent });
      session.out.print(verdict, () => `${agent} is free: ${verdict.verdict}`);
    },
  );
  named(
    worktree,
    "remove <agent>",
    "removes it when no work would be missed; its branch stays in the rig's repository",
    "barnacle worktree remove shop/polecats/toast",
  )
    .option("-f, --force", "save what only it has on rescue branches, then remove it")
    .action((agent: string, flags: { force?: boolean }, command: Command) =>
      removeWorktree(open(command), agent, flags),
    );
}

export async function removeWorktree(
  session: Session,
  agent: string,
  flags: { readonly force?: boolean },
): Promise<void> {
  const params = { agent, ...defined({ force: flags.force }) };
  const gone = await new WorkDoor(session).write<Removed>("worktrees.drop", params);
  session.out.print(gone, (style) =>
    [
      `${gone.path} is removed`,
      ...gone.rescued.map((branch) => `${style.bold("saved:")} branch ${branch}`),
      ...(gone.branch ? [style.dim(`its branch stays: ${gone.branch}`)] : []),
    ].join("\n"),
  );
}
