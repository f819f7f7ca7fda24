import { BarnacleError } from "@barnacle/protocol/errors";
import type { GoalView, MayorStatus } from "../../mayor/operations.ts";
import type { Style } from "../output.ts";
import { example, type Family } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { fileText, jsonValue, leaseOf } from "./values.ts";

interface GoalFlags {
  readonly rig?: string;
  readonly item?: readonly string[];
  readonly file?: string;
  readonly priority?: string;
  readonly merge?: string;
  readonly baseBranch?: string;
  readonly key?: string;
  readonly as?: string;
}

const GOALS: readonly TableColumn<GoalView>[] = [
  { title: "id", value: ({ id }) => id },
  { title: "state", value: ({ state, stuck }) => (stuck.length > 0 ? `${state}, needs you` : state) },
  { title: "done", value: ({ completed, total }) => `${completed}/${total}` },
  { title: "convoy", value: ({ convoy }) => convoy ?? "" },
  { title: "asked by", value: ({ asked_by }) => asked_by },
  { title: "title", value: ({ title }) => title },
];

/** `barnacle mayor`: who turns goals into work. */
export const mayorFamily: Family = (program, open) => {
  const parent = program
    .command("mayor")
    .description("turns a goal into a convoy of beads, gives them to workers, reports when they are done");
  example(
    parent
      .command("goal <title...>")
      .description("a goal with what is to be done for it, one item each; `(after 1, 2)` at its end: what comes first")
      .option("-r, --rig <rig>", "where it is done; needed when there are several rigs")
      .option("-i, --item <text>", "something to do; give it again for each", collect, [])
      .option(
        "-f, --file <file>",
        "items from a file, - for what is piped in: lines, or JSON {items: [{title, needs}]}",
      )
      .option("-p, --priority <0-4>", "of items that name none")
      .option("--merge <how>", "how finished work gets into the project: direct, mr or local")
      .option("--base-branch <branch>", "what the work starts from")
      .option("--key <key>", "asked again with the same key, it is the same goal")
      .option("--as <who>", "who asks, and gets the report"),
    'barnacle mayor goal "A new gate" --rig barn -i "buy hinges" -i "hang it (after 1)"',
    "barnacle mayor goal Release --rig barn --file plan.txt",
  ).action(async (words: string[], flags: GoalFlags, command) => {
    const session = open(command);
    const { rig, item = [], file, priority, merge, baseBranch, key } = flags;
    if (item.length === 0 && file === undefined) throw new BarnacleError("USAGE", "expected --item or --file");
    const params = {
      title: words.join(" "),
      items: item,
      ...(file === undefined ? {} : fromFile(fileText(file), item)),
      ...defined({ rig, merge, baseBranch, key, priority: priority === undefined ? undefined : Number(priority) }),
    };
    const goal = await new WorkDoor(session).write<GoalView>("mayor.goal", params, flags.as);
    session.out.print(goal, (style) => goalText(goal, style));
  });
  named(parent, "goals", "goals, newest first", "barnacle mayor goals")
    .option("-n, --limit <n>", "at most so many", "20")
    .action(async ({ limit }: { limit: string }, command) => {
      const session = open(command);
      const goals = await new WorkDoor(session).read<GoalView[]>("mayor.goals", { limit: Number(limit) });
      session.out.list(goals, GOALS, "no goals yet: barnacle mayor goal");
    });
  named(parent, "cancel <goal>", "what was not begun is not given out any more", "barnacle mayor cancel goal-1a2b3c4")
    .option("--as <who>", "in this name")
    .action(async (id: string, { as }: { as?: string }, command) => {
      const session = open(command);
      const goal = await new WorkDoor(session).write<GoalView>("mayor.cancel", { goal: id }, as);
      session.out.print(goal, (style) => goalText(goal, style));
    });
  named(parent, "status [workspace]", "who is mayor, since when", "barnacle mayor status").action(
    async (workspace: string | undefined, _: object, command) => {
      const session = open(command);
      const list = await new WorkDoor(session).read<MayorStatus[]>("mayor.status", defined({ workspace }));
      session.out.print(list, (style) => list.map((one) => statusText(one, style)).join("\n"));
    },
  );
  for (const [name, description, holder] of [
    ["start", "there is a mayor from now on, over restarts; refused while there is one", true],
    ["heartbeat", "of who is mayor in the hub's place: he is still there", true],
    ["stop", "there is none until start; goals wait", false],
  ] as const) {
    const one = named(parent, `${name} [workspace]`, description, `barnacle mayor ${name}`);
    if (holder) {
      one.option("--as <agent>", "he is mayor in the hub's place, and beats: barnacle mayor heartbeat --as …");
      one.option("--lease <length>", "taken over when not heard of for so long: 60s");
    }
    one.action(async (workspace: string | undefined, flags: { as?: string; lease?: string }, command) => {
      const session = open(command);
      if (name === "heartbeat" && flags.as === undefined) throw new BarnacleError("USAGE", "expected --as");
      const params = { ...defined({ workspace, holder: flags.as }), ...leaseOf(flags) };
      const status = await new WorkDoor(session).write<MayorStatus>(`mayor.${name}`, params);
      session.out.print(status, (style) => statusText(status, style));
    });
  }
};

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function fromFile(text: string, given: readonly string[]): object {
  if (!/^\s*[[{]/.test(text)) return { text };
  const value = jsonValue("--file", text) as { items?: unknown[] } | unknown[];
  const items = Array.isArray(value) ? value : value.items;
  if (Array.isArray(items)) return { ...(Array.isArray(value) ? {} : value), items: [...given, ...items] };
  throw new BarnacleError("USAGE", "--file: expected lines, a JSON list of items, or {items: […]}");
}

function goalText(
  { id, title, state, total, completed, working, queued, convoy, stuck }: GoalView,
  style: Style,
): string {
  return [
    `${style.bold(id)}  ${title}`,
    `  ${state}: ${completed} of ${total} done, ${working} under way, ${queued} waiting`,
    ...(convoy === null ? [] : [`  convoy ${convoy}`]),
    ...(stuck.length > 0 ? [style.red(`  need you: ${stuck.join(", ")}`)] : []),
  ].join("\n");
}

function statusText(status: MayorStatus, style: Style): string {
  const { workspace, state, holder, since, lease_until, stopped_by, open_goals } = status;
  const how = {
    running: style.green(`${holder} is mayor since ${since}, its lease until ${lease_until}`),
    resting: "there is nothing to do; it begins with the next goal",
    stopped: style.yellow(`stopped by ${stopped_by}`),
  }[state];
  return `${style.bold(workspace)}  ${how}\n  open goals ${open_goals}`;
}
