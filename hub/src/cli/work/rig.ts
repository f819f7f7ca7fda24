import type { Command } from "commander";
import type { ListedRig } from "../../rigs/operations.ts";
import type { Refreshed } from "../../rigs/rigs.ts";
import type { Style } from "../output.ts";
import { example, type Family, type Session } from "../session.ts";
import { renderFields, type TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { addRigSettings } from "./rig-settings.ts";
import { here } from "./workspace.ts";

interface AddFlags {
  readonly prefix?: string;
  readonly branch?: string;
  readonly workspace?: string;
}

interface Removed {
  readonly removed: string;
  readonly path: string;
  readonly files: "deleted" | "kept";
  readonly rescued: readonly string[];
  readonly bundle: string | null;
}

type Status = ListedRig & { readonly head: string | null; readonly ahead: number; readonly behind: number };

const COLUMNS: readonly TableColumn<ListedRig>[] = [
  { title: "name", value: ({ name }) => name },
  { title: "prefix", value: ({ beads_prefix }) => beads_prefix },
  {
    title: "status",
    value: ({ status }) => status,
    paint: (text, { status }, style) => (status === "active" ? style.green(text) : style.yellow(text)),
  },
  { title: "polecats", value: ({ polecats }) => polecats },
  { title: "crew", value: ({ crew }) => crew },
  { title: "branch", value: ({ default_branch }) => default_branch },
  { title: "origin", value: ({ url }) => url },
];

/** `barnacle rig …`: repositories under management. */
export const rigFamily: Family = (program, open) => {
  const rig = program.command("rig").description("repositories under management: their mirrors, prefixes, settings");
  addIn(rig, open);
  addLooks(rig, open);
  addStates(rig, open);
  addOrigin(rig, open);
  addRigSettings(rig, open);
};

function addIn(rig: Command, open: (command: Command) => Session): void {
  example(
    rig
      .command("add <name> <url>")
      .description(
        "takes a repository under management, all of it or nothing; a user and password in the address are kept apart",
      )
      .option("--prefix <prefix>", "of its beads' ids (default: made from the name)")
      .option("--branch <branch>", "its first branch (default: the origin's HEAD)")
      .option("--workspace <name>", "default: the one around you, or the only one"),
    "barnacle rig add gastown https://example.org/gastown.git",
    "barnacle rig add shop ../shop --prefix sh",
  ).action(async (name: string, url: string, flags: AddFlags, command: Command) => {
    const session = open(command);
    const { prefix, branch, workspace } = flags;
    const params = { name, url, directory: here(), ...defined({ prefix, branch, workspace }) };
    const added = await new WorkDoor(session).write<ListedRig>("rigs.add", params);
    session.out.print(added, (style) => rigText(added, style));
  });
  example(
    rig
      .command("remove <name>")
      .description("forgets a rig; its directory stays unless --files")
      .option("--files", "delete its directory too; what the origin does not have is saved in a bundle first")
      .option("-f, --force", "also with worktrees in use or unsaved work, which is saved first"),
    "barnacle rig remove shop",
    "barnacle rig remove shop --files",
  ).action(async (name: string, flags: { files?: boolean; force?: boolean }, command: Command) => {
    const session = open(command);
    const params = { name, ...defined({ files: flags.files, force: flags.force }) };
    const { path, files, bundle, rescued, removed } = await new WorkDoor(session).write<Removed>("rigs.remove", params);
    session.out.print({ removed, path, files, rescued, bundle }, () =>
      [
        files === "kept" ? `${removed} is forgotten; its files stay in ${path}` : `${removed} is gone`,
        ...(bundle === null ? [] : [`saved: ${bundle} (git clone it, or git fetch from it)`]),
        ...rescued.map((branch) => `  ${branch}`),
      ].join("\n"),
    );
  });
}

function addLooks(rig: Command, open: (command: Command) => Session): void {
  example(
    rig.command("list").description("all rigs").option("--workspace <name>", "of one workspace"),
    "barnacle rig list",
  ).action(async (flags: { workspace?: string }, command: Command) => {
    const session = open(command);
    const rigs = await new WorkDoor(session).read<ListedRig[]>("rigs.list", defined({ workspace: flags.workspace }));
    session.out.list(rigs, COLUMNS, "no rigs; add one: barnacle rig add NAME URL");
  });
  named(rig, "show <name>", "one rig with its settings", "barnacle rig show shop").action(
    async (name: string, _flags: object, command: Command) => {
      const session = open(command);
      const found = await new WorkDoor(session).read<ListedRig>("rigs.show", { name });
      session.out.print(found, (style) => rigText(found, style));
    },
  );
  named(rig, "status <name>", "how it stands to its origin", "barnacle rig status shop").action(
    async (name: string, _flags: object, command: Command) => {
      const session = open(command);
      const found = await new WorkDoor(session).read<Status>("rigs.status", { name });
      session.out.print(
        found,
        (style) =>
          `${rigText(found, style)}\n${standingText(found)}, ${found.default_branch} at ${found.head?.slice(0, 12)}`,
      );
    },
  );
}

function addStates(rig: Command, open: (command: Command) => Session): void {
  for (const [word, description] of [
    ["park", "no new work for now"],
    ["unpark", "takes it up again"],
    ["dock", "put away until somebody takes it out again"],
    ["undock", "takes it out again"],
  ] as const) {
    named(rig, `${word} <name>`, description, `barnacle rig ${word} shop`).action(
      async (name: string, _flags: object, command: Command) => {
        const session = open(command);
        const changed = await new WorkDoor(session).write<ListedRig>(`rigs.${word}`, { name });
        session.out.print(changed, () => `${changed.name} is ${changed.status}`);
      },
    );
  }
}

function addOrigin(rig: Command, open: (command: Command) => Session): void {
  named(rig, "fetch <name>", "asks the origin for what is new", "barnacle rig fetch shop").action(
    async (name: string, _flags: object, command: Command) => {
      const session = open(command);
      const done = await new WorkDoor(session).write<Refreshed>("rigs.fetch", { name });
      session.out.print(done, (style) => (done.fetched ? standingText(done) : style.red(done.problem ?? "")));
      if (!done.fetched) session.fail();
    },
  );
  named(rig, "push <name> [branch]", "gives the origin a branch (default: the first)", "barnacle rig push shop").action(
    async (name: string, branch: string | undefined, _flags: object, command: Command) => {
      const session = open(command);
      const params = { name, ...defined({ branch }) };
      const done = await new WorkDoor(session).write<{ pushed: boolean; problem?: string }>("rigs.push", params);
      session.out.print(done, (style) => (done.pushed ? "pushed" : style.red(done.problem ?? "")));
      if (!done.pushed) session.fail();
    },
  );
}

function standingText({ ahead, behind }: { readonly ahead: number; readonly behind: number }): string {
  if (ahead === 0 && behind === 0) return "as the origin";
  return [ahead > 0 ? `${ahead} ahead of the origin` : "", behind > 0 ? `${behind} behind it` : ""]
    .filter(Boolean)
    .join(", ");
}

function rigText(rig: ListedRig, style: Style): string {
  const fields = renderFields(
    [
      ["workspace", rig.workspace],
      ["prefix", rig.beads_prefix],
      ["status", rig.status],
      ["origin", rig.url],
      ["branch", rig.default_branch],
      ["directory", rig.path],
      ["workers", `${rig.polecats} polecats, ${rig.crew} crew`],
      ["added", `${rig.added_at} ${rig.added_by}`],
      ["fetched", rig.fetched_at],
      ["fetch failed", rig.fetch_problem],
      ["push failed", rig.push_problem],
    ],
    style,
  );
  return `${style.bold(rig.name)}\n${fields}`;
}
