import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { Nudged, NudgeView } from "../../mail/index.ts";
import { example, type Family } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { fileText } from "./values.ts";

interface NudgeFlags {
  readonly mode?: string;
  readonly priority?: string;
  readonly force?: boolean;
  readonly stdin?: boolean;
  readonly message?: string;
  readonly ifRunning?: boolean;
  readonly actor?: string;
}

const WAITING: readonly TableColumn<NudgeView>[] = [
  { title: "from", value: ({ from }) => from },
  { title: "mode", value: ({ mode }) => mode },
  { title: "until", value: ({ expires_at }) => new Date(expires_at).toISOString().slice(0, 19) },
  { title: "text", value: ({ text }) => text },
];

function nudgeOptions(command: Command): Command {
  return command
    .option("-m, --message <text>", "the text")
    .option("--stdin", "the text is piped in")
    .option("--mode <mode>", "wait-idle (default), queue, immediate")
    .option("--priority <priority>", "low, normal (default), urgent: kept for two hours instead of half of one")
    .option("-f, --force", "also who does not want to be disturbed")
    .option("--actor <who>", "in this name");
}

/** `barnacle nudge`: a text into a running agent. */
export const nudgeFamily: Family = (program, open) => {
  const nudge = nudgeOptions(
    program
      .command("nudge")
      .description("a text into a running agent; one that does not run gets it when it starts")
      .argument("[to]", "whom")
      .argument("[text...]", "what"),
  ).option("--if-running", "nothing is kept for one that does not run");
  example(
    nudge,
    'barnacle nudge garden/polecats/toast "How far are you?"',
    "barnacle nudge list garden/polecats/toast",
    "barnacle nudge take",
  ).action(async (to: string | undefined, words: string[], flags: NudgeFlags, command: Command) => {
    const session = open(command);
    if (to === undefined) throw new BarnacleError("USAGE", "expected an address and a text");
    const params = { to, ...paramsOf(words, flags) };
    const answer = await new WorkDoor(session).write<Nudged>("nudges.nudge", params, flags.actor);
    session.out.print(answer, () => `${answer.to}: ${WORDS[answer.delivered]}`);
  });
  example(
    nudge.command("list <who>").description("what waits for an agent"),
    "barnacle nudge list garden/polecats/toast",
  ).action(async (address: string, _flags: object, command: Command) => {
    const session = open(command);
    const waiting = await new WorkDoor(session).read<NudgeView[]>("nudges.list", { address });
    session.out.list(waiting, WAITING, "nothing waits");
  });
  example(
    nudge
      .command("take")
      .description("an agent takes what waits for it, at the beginning of a turn")
      .option("--actor <who>", "in this name (default BARNACLE_ACTOR)"),
    "barnacle nudge take",
  ).action(async (_flags: object, command: Command) => {
    const session = open(command);
    // The command above has the same option, and takes it first.
    const flags = command.optsWithGlobals<{ actor?: string }>();
    const taken = await new WorkDoor(session).write<NudgeView[]>("nudges.take", {}, flags.actor);
    if (session.out.json) session.out.list(taken, WAITING, "");
    else if (taken.length > 0) session.out.line(taken.map(({ from, text }) => `${from}: ${text}`).join("\n"));
  });
};

export const broadcastFamily: Family = (program, open) => {
  example(
    nudgeOptions(program.command("broadcast").description("a text into every running agent").argument("[text...]"))
      .option("--rig <rig>", "of this rig")
      .option("--role <role>", "of this role: polecat, crew, witness, refinery")
      .option("--to <pattern>", "whose address fits: garden/*"),
    'barnacle broadcast "The main branch is frozen" --rig garden',
  ).action(
    async (words: string[], flags: NudgeFlags & { rig?: string; role?: string; to?: string }, command: Command) => {
      const session = open(command);
      const params = { ...paramsOf(words, flags), ...defined({ rig: flags.rig, role: flags.role, to: flags.to }) };
      const answers = await new WorkDoor(session).write<Nudged[]>("nudges.broadcast", params, flags.actor);
      const columns = [
        { title: "to", value: (one: Nudged) => one.to },
        { title: "delivered", value: (one: Nudged) => WORDS[one.delivered] },
      ];
      session.out.list(answers, columns, "nobody runs");
    },
  );
};

const WORDS: Readonly<Record<Nudged["delivered"], string>> = {
  now: "delivered",
  queued: "queued until it can be delivered",
  muted: "does not want to be disturbed (--force)",
  away: "does not run",
};

interface OfLevel {
  readonly address: string;
  readonly level: string;
}

export const dndFamily: Family = (program, open) => {
  example(
    program
      .command("dnd [on-or-off]")
      .description("do not disturb: no nudges but forced ones; without a word: how it is")
      .option("--actor <who>", "whose (default BARNACLE_ACTOR)"),
    "barnacle dnd on",
    "barnacle dnd off",
  ).action(async (word: string | undefined, flags: { actor?: string }, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    if (word !== undefined && word !== "on" && word !== "off") throw new BarnacleError("USAGE", "expected on or off");
    const now =
      word === undefined
        ? await door.read<OfLevel>("nudges.level", {
            address: flags.actor ?? session.io.env.BARNACLE_ACTOR ?? "overseer",
          })
        : await door.write<OfLevel>("nudges.dnd", { on: word === "on" }, flags.actor);
    session.out.print(now, () => `${now.address}: ${now.level === "muted" ? "not to be disturbed" : now.level}`);
  });
};

export const notifyFamily: Family = (program, open) => {
  example(
    program
      .command("notify <level>")
      .description("how much an agent is told while it works: verbose, normal, muted")
      .option("--actor <who>", "whose (default BARNACLE_ACTOR)"),
    "barnacle notify verbose",
  ).action(async (level: string, flags: { actor?: string }, command: Command) => {
    const session = open(command);
    if (!["verbose", "normal", "muted"].includes(level)) {
      throw new BarnacleError("USAGE", "expected verbose, normal or muted");
    }
    const now = await new WorkDoor(session).write<OfLevel>("nudges.notify", { level }, flags.actor);
    session.out.print(now, () => `${now.address}: ${now.level}`);
  });
};

function paramsOf(words: readonly string[], flags: NudgeFlags): Record<string, unknown> {
  const text = flags.stdin ? fileText("-") : (flags.message ?? words.join(" "));
  if (text.trim() === "") throw new BarnacleError("USAGE", "expected a text, --message or --stdin");
  const { mode, priority, force, ifRunning } = flags;
  return { text, ...defined({ mode, priority, force, ifRunning }) };
}
