import type { Command } from "commander";
import type { ConvoyView, Staged } from "../../convoys/index.ts";
import type { Style } from "../output.ts";
import { example, type Session } from "../session.ts";
import { oneLine } from "../table.ts";
import { convoyLine } from "./convoy-views.ts";
import { WorkDoor } from "./door.ts";
import { collect, defined } from "./filter-options.ts";

interface MakeFlags {
  readonly description?: string;
  readonly dependsOn?: readonly string[];
  readonly parent?: string;
  readonly owner?: string;
  readonly notify?: string;
  readonly watcher?: readonly string[];
  readonly nudgeWatcher?: readonly string[];
  readonly merge?: string;
  readonly baseBranch?: string;
  readonly molecule?: string;
  readonly owned?: boolean;
  readonly priority?: string;
  readonly actor?: string;
}

interface CreateFlags extends MakeFlags {
  readonly fromEpic?: string;
  readonly key?: string;
  readonly silent?: boolean;
}

interface StageFlags extends MakeFlags {
  readonly title?: string;
  readonly launch?: boolean;
  readonly force?: boolean;
  readonly validate?: boolean;
}

type StagedAnswer = Staged & { readonly launched?: ConvoyView };

function makeOptions(command: Command): Command {
  return command
    .option("-d, --description <text>", "what it is about")
    .option("--depends-on <convoy>", "starts only after this one has landed, repeatable", collect)
    .option("--parent <convoy>", "part of this one, which lands after it")
    .option("--owner <who>", "who asked for it and gets mail when it lands (default: who makes it)")
    .option("--notify <who>", "gets mail as well")
    .option("--watcher <who>", "gets mail as well, repeatable", collect)
    .option("--nudge-watcher <who>", "gets a nudge, repeatable", collect)
    .option("--merge <how>", "direct, mr or local")
    .option("--base-branch <branch>", "its work starts from and goes to this branch")
    .option("--molecule <id>", "the workflow it belongs to")
    .option("--owned", "its owner lands it; it does not land by itself")
    .option("-p, --priority <n>", "0 (most urgent) to 4, or P0 to P4")
    .option("--actor <who>", "in this name");
}

function factsOf(flags: MakeFlags): Record<string, unknown> {
  const { description, dependsOn, parent, owner, notify, merge, baseBranch, molecule, owned, priority } = flags;
  return defined({
    ...{ description, dependsOn, parent, owner, notify, merge, baseBranch, molecule, owned, priority },
    ...{ watchers: flags.watcher, nudgeWatchers: flags.nudgeWatcher },
  });
}

export function addConvoyMakes(parent: Command, open: (command: Command) => Session): void {
  const create = makeOptions(
    parent
      .command("create <title> [beads...]")
      .description("a convoy that tracks these beads, of any rig; open at once"),
  )
    .option("--from-epic <id>", "tracks all work below this epic that is not done")
    .option("--key <key>", "repeating the command with the same key makes no second convoy")
    .option("--silent", "print the id only");
  example(
    create,
    'barnacle convoy create "Garden" hq-1a2 hq-3b4 --watcher ben',
    'barnacle convoy create "Shop" --from-epic sh-9x --depends-on hq-cv-a1b2c',
  ).action(async (title: string, beads: string[], flags: CreateFlags, command: Command) => {
    const session = open(command);
    const { fromEpic, key } = flags;
    const params = { title, ...(beads.length > 0 ? { beads } : {}), ...defined({ fromEpic, key }), ...factsOf(flags) };
    const made = await new WorkDoor(session).write<ConvoyView>("convoys.create", params, flags.actor);
    if (flags.silent && !session.out.json) session.out.line(made.id);
    else session.out.print(made, () => convoyLine(made));
  });

  const stage = makeOptions(
    parent
      .command("stage <ids...>")
      .description("plans epics and tasks in waves and keeps the plan as a staged convoy; a staged one: plans it anew"),
  )
    .option("--title <text>", "default: that of the epic")
    .option("--no-validate", "of an epic: without a last bead that looks at the whole")
    .option("--launch", "launch it when nothing speaks against it")
    .option("-f, --force", "launch it in spite of warnings");
  example(stage, "barnacle convoy stage sh-9x", "barnacle convoy stage hq-cv-a1b2c --launch").action(
    async (ids: string[], flags: StageFlags, command: Command) => {
      const session = open(command);
      const { title, launch, force, validate } = flags;
      const params = {
        ...{ ids, ...factsOf(flags) },
        ...defined({ title, launch, force, noValidate: validate === false || undefined }),
      };
      const staged = await new WorkDoor(session).write<StagedAnswer>("convoys.stage", params, flags.actor);
      session.out.print(staged, (style) => stagedText(staged, style));
      if (staged.status === "error") session.fail();
    },
  );

  example(
    parent
      .command("launch <id>")
      .description("starts a staged convoy: what is ready in it is handed out")
      .option("-f, --force", "in spite of warnings")
      .option("--actor <who>", "in this name"),
    "barnacle convoy launch hq-cv-a1b2c",
  ).action(async (id: string, flags: { force?: boolean; actor?: string }, command: Command) => {
    const session = open(command);
    const params = defined({ id, force: flags.force });
    const launched = await new WorkDoor(session).write<ConvoyView>("convoys.launch", params, flags.actor);
    session.out.print(launched, () => convoyLine(launched));
  });
}

function stagedText(staged: StagedAnswer, style: Style): string {
  const problems = (list: Staged["errors"] | Staged["warnings"]) =>
    list.map(({ category, bead_ids, message }) => `  ${category}: ${message}: ${bead_ids.join(" ")}`);
  const { convoy_id, status, restaged, waves, gated, errors, warnings, validation_bead_id, launched } = staged;
  if (status === "error") return [style.red("not staged"), ...problems(errors)].join("\n");
  return [
    `${style.bold(convoy_id)}  ${launched ? launched.state : status}${restaged ? " (again)" : ""}`,
    ...waves.flatMap(({ number, tasks }) => [
      style.dim(`wave ${number}`),
      ...tasks.map(({ id, title, rig, blocked_by }) => {
        const after = blocked_by.length === 0 ? "" : `  after ${blocked_by.join(" ")}`;
        return `  ${id}${rig === "" ? "" : ` [${rig}]`}  ${oneLine(title)}${after}`;
      }),
    ]),
    ...(gated.length === 0 ? [] : [style.dim("gated")]),
    ...gated.map(({ id, title, gated_by }) => `  ${id}  ${oneLine(title)}  by ${gated_by.join(" ")}`),
    ...(validation_bead_id === "" ? [] : [style.dim(`checked at the end by ${validation_bead_id}`)]),
    ...(warnings.length === 0 ? [] : [style.yellow("warnings"), ...problems(warnings)]),
    ...(status === "staged_warnings" && !launched
      ? [`Launch it all the same: barnacle convoy launch ${convoy_id} --force`]
      : []),
  ].join("\n");
}
