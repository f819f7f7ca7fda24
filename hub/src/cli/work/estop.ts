import type { StopReport } from "../../estop/index.ts";
import { stopText } from "../../estop/text.ts";
import type { StopState } from "../../services.ts";
import type { Style } from "../output.ts";
import { example, type Family } from "../session.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";

type Answer = StopState & { readonly changed: boolean; readonly kept: boolean; readonly held: StopReport };

const AS = ["--actor <who>", "in this name"] as const;

/** `barnacle estop`, `barnacle thaw`: everything that acts, at once. */
export const estopFamily: Family = (program, open) => {
  const estop = program
    .command("estop")
    .description("stops all agents, dispatch and every command that moves something, until `barnacle thaw`")
    .argument("[reason...]", "why; people will read it")
    .option(...AS);
  example(estop, 'barnacle estop "water under the boiler"', "barnacle estop status", "barnacle thaw").action(
    async (words: string[], flags: { actor?: string }, command) => {
      const session = open(command);
      const params = defined({ reason: words.length === 0 ? undefined : words.join(" ") });
      const answer = await new WorkDoor(session).write<Answer>("estop.stop", params, flags.actor);
      session.out.print(answer, (style) => answerText(answer, style));
    },
  );
  example(
    estop.command("status").description("whether an emergency stop holds; exit code 1 while one does"),
    "barnacle estop status",
  ).action(async (_flags: object, command) => {
    const session = open(command);
    const state = await new WorkDoor(session).read<StopState>("estop.status");
    session.out.print(state, (style) => stateText(state, style));
    if (state.stopped) session.fail();
  });
};

export const thawFamily: Family = (program, open) => {
  example(
    program
      .command("thaw")
      .description("lifts the emergency stop; agents go on where they were held")
      .argument("[reason...]", "why")
      .option(...AS),
    'barnacle thaw "the pipe is mended"',
  ).action(async (words: string[], flags: { actor?: string }, command) => {
    const session = open(command);
    const params = defined({ reason: words.length === 0 ? undefined : words.join(" ") });
    const answer = await new WorkDoor(session).write<Answer>("estop.thaw", params, flags.actor);
    session.out.print(answer, (style) =>
      answer.changed ? answerText(answer, style) : "No emergency stop holds; nothing changed.",
    );
  });
};

function stateText(state: StopState, style: Style): string {
  return state.stopped ? style.red(stopText(state)) : style.green("no emergency stop holds");
}

function answerText(answer: Answer, style: Style): string {
  const parts = Object.entries(answer.held).map(([name, held]) => {
    if ("problem" in held) return `  ${style.red("!")} ${name}: ${held.problem}`;
    return `  ${name}: ${held.length === 0 ? "nothing to do" : held.join(", ")}`;
  });
  const unkept = answer.kept
    ? []
    : [style.red("It could not be written to disk, and ends with this hub; see its log.")];
  return [stateText(answer, style), ...parts, ...unkept].join("\n");
}
